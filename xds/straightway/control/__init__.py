"""Control: changes of the sources in, snapshots for the audiences out."""

"""The .proto files of this project, and what is generated from descriptors: ``make protos``."""

# Two images: `control-plane` for clusters (docs/kubernetes.md), and by default one that also has the
# demo's runtimes, for docker-compose.yml. Whoever starts them sets the command.
FROM python:3.11-slim AS control-plane
WORKDIR /app

COPY pyproject.toml constraints.txt README.md ./
COPY xds xds
RUN pip install --no-cache-dir --constraint constraints.txt .

# nobody, as a number: a kubelet cannot tell whether a name is root.
USER 65534
CMD ["straightway", "--help"]

FROM control-plane AS demo
USER root
# The runtimes need these from the demo extra, but not its Envoy.
RUN pip install --no-cache-dir --constraint constraints.txt numpy scikit-learn

COPY demo demo
RUN python -m demo.training /models

# Docker fills an empty named volume that is mounted here with a copy of the folder, owner included.
COPY demo/config /config
RUN mkdir /state && chown -R nobody /config /state
USER 65534

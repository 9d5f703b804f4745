# One image for the control plane and the demo's runtimes; docker-compose.yml sets the command of each.
FROM python:3.11-slim
WORKDIR /app

COPY pyproject.toml constraints.txt README.md ./
COPY xds xds
# The runtimes need numpy and scikit-learn from the demo extra, but not its Envoy.
RUN pip install --no-cache-dir --constraint constraints.txt . numpy scikit-learn

COPY demo demo
RUN python -m demo.training /models

# Docker fills an empty named volume that is mounted here with a copy of the folder, owner included.
COPY demo/config /config
RUN mkdir /state && chown -R nobody /config /state
USER nobody

CMD ["straightway", "--help"]

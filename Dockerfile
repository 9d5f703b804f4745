# One image for the control plane and for the demo's runtimes; docker-compose.yml says which is which.
FROM python:3.11-slim
WORKDIR /app

COPY pyproject.toml constraints.txt README.md ./
COPY xds xds
# numpy and scikit-learn are what the runtimes need of the demo's extra. Its Envoy is not needed here.
RUN pip install --no-cache-dir --constraint constraints.txt . numpy scikit-learn

COPY demo demo
RUN python -m demo.training /models

# An empty named volume that is mounted here begins as a copy of this folder.
COPY demo/config /config
RUN chown -R nobody /config
USER nobody

CMD ["straightway", "--help"]

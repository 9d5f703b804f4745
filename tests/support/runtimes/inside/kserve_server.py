"""A server made with KServe's SDK: `python kserve_server.py FOLDER PORT MODELS`."""

import pathlib
import sys
import time

from kserve import Model, ModelServer
from kserve.model_repository import ModelRepository


class FileModel(Model):
    """Is ready while its file says so: `wait` and `fail` are no failures to load."""

    def __init__(self, name, folder):
        self._file = folder / name / "behaviour"
        super().__init__(name)

    @property
    def ready(self):
        return self._file.read_text() == "ready"

    @ready.setter
    def ready(self, value):
        """The file says it."""

    def predict(self, payload, headers=None, response_headers=None):
        return payload


class Repository(ModelRepository):
    """Registers models of a folder; one whose file says `block` blocks the server meanwhile."""

    def load(self, name):
        model = FileModel(name, pathlib.Path(self.models_dir))
        while model._file.read_text() == "block":
            time.sleep(0.01)
        self.update(model)
        return True


def main(folder, port, at_start):
    repository = Repository(models_dir=folder)
    file = pathlib.Path(at_start)
    for name in file.read_text().split() if file.exists() else ():
        repository.load(name)
    ModelServer(
        http_port=int(port),
        enable_grpc=False,
        workers=1,
        registered_models=repository,
    ).start([])


if __name__ == "__main__":
    main(*sys.argv[1:])

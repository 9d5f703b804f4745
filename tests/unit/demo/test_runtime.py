"""Runtimes that serve as one mesh, over real gRPC."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import grpc
import pytest

from demo import entries
from demo.entries import Entry
from demo.model_mesh_pb2 import LoadRequest, StatusRequest, UnloadRequest
from demo.model_mesh_pb2_grpc import ModelMeshStub
from demo.models import load
from demo.runtime import Settings, serve
from straightway.openinference import open_inference_pb2 as pb
from straightway.openinference.open_inference_pb2_grpc import GRPCInferenceServiceStub
from tests.support.waiting import eventually_async


class Runtime:
    def __init__(self, settings):
        self.settings = settings

    def connect(self, channel):
        self.inference = GRPCInferenceServiceStub(channel)
        self.mesh = ModelMeshStub(channel)

    @property
    def entry(self):
        return entries.read(self.settings.entry)

    @property
    def is_published(self):
        return self.entry and set(self.entry.models) == set(self.settings.preload)

    async def infer(self, request, *metadata):
        """The digit, the runtime that computed it, and whether the request was rerouted."""
        call = self.inference.ModelInfer(request, metadata=metadata)
        headers = dict(await call.initial_metadata())
        response = await call
        [digit] = response.outputs[0].contents.int64_contents
        return digit, headers["x-served-by"], headers["x-rerouted"]


@pytest.fixture
async def start(models, tmp_path):
    """Start runtimes by name, with the models to preload; all end with the test."""

    @asynccontextmanager
    async def running(settings):
        stop = asyncio.Event()
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(settings, stop))
            runtime = Runtime(settings)
            await eventually_async(lambda: runtime.is_published, what=f"{settings.name} is there")
            async with grpc.aio.insecure_channel(f"127.0.0.1:{runtime.entry.port}") as channel:
                runtime.connect(channel)
                yield runtime
            stop.set()
        assert not settings.entry.exists()

    async with AsyncExitStack() as stack:

        async def start_one(name, *preload, **more):
            settings = Settings(
                name,
                models,
                tmp_path / f"{name}.yaml",
                preload=preload,
                **{"drain_seconds": 0, **more},
            )
            return await stack.enter_async_context(running(settings))

        yield start_one


@pytest.fixture
def request_for(examples):
    def make(model, **more):
        tensor = pb.ModelInferRequest.InferInputTensor(
            name="predict",
            datatype="FP32",
            shape=[1, 784],
            contents=pb.InferTensorContents(fp32_contents=examples.images[0]),
        )
        return pb.ModelInferRequest(model_name=model, inputs=[tensor], **more)

    return make


async def test_a_runtime_answers_for_the_model_that_it_holds(start, request_for, models, examples):
    runtime = await start("runtime-1", "tf-mnist")
    [expected] = load(models, "tf-mnist").predict(examples.images[:1])
    answer = await runtime.infer(request_for("tf-mnist"))
    assert answer == (expected, "runtime-1", "false")


async def test_a_model_that_nobody_holds_is_loaded_at_first_use_and_published(start, request_for):
    runtime = await start("runtime-1")
    assert runtime.entry.models == ()
    _, served_by, rerouted = await runtime.infer(request_for("knn-mnist"))
    assert (served_by, rerouted) == ("runtime-1", "false")
    assert runtime.entry.models == ("knn-mnist",)


async def test_a_request_for_a_model_that_another_holds_is_rerouted_there(start, request_for):
    asked = await start("runtime-1")
    holder = await start("runtime-2", "tf-mnist")
    _, served_by, rerouted = await asked.infer(request_for("tf-mnist"))
    assert (served_by, rerouted) == ("runtime-2", "true")
    status = await asked.mesh.Status(StatusRequest())
    assert (status.served, status.rerouted, list(status.held)) == (0, 1, [])
    status = await holder.mesh.Status(StatusRequest())
    assert (status.served, status.rerouted) == (1, 0)


async def test_two_runtimes_that_each_name_the_other_do_not_forward_in_a_circle(start, request_for):
    first = await start("runtime-1")
    second = await start("runtime-2")
    for runtime in (first, second):
        lie = Entry(runtime.entry.name, "127.0.0.1", runtime.entry.port, ("tf-mnist",))
        entries.write(runtime.settings.entry, lie)
    _, served_by, rerouted = await first.infer(request_for("tf-mnist"))
    assert (served_by, rerouted) == ("runtime-2", "true")


async def test_a_holder_that_has_died_is_no_reason_to_fail(start, request_for, tmp_path):
    runtime = await start("runtime-1")
    dead = tmp_path / "runtime-2.yaml"
    entries.write(dead, Entry("runtime-2", "127.0.0.1", 1, ("tf-mnist",)))
    _, served_by, rerouted = await runtime.infer(request_for("tf-mnist"))
    assert (served_by, rerouted) == ("runtime-1", "false")


async def test_the_model_can_be_named_by_metadata(start, request_for):
    runtime = await start("runtime-1")
    await runtime.infer(request_for(""), ("mm-model-id", "trees-mnist"))
    assert runtime.entry.models == ("trees-mnist",)


async def test_loading_and_unloading_keep_the_entry_current(start):
    runtime = await start("runtime-1", "tf-mnist")
    await runtime.mesh.Load(LoadRequest(model="knn-mnist"))
    assert runtime.entry.models == ("knn-mnist", "tf-mnist")
    await runtime.mesh.Unload(UnloadRequest(model="tf-mnist"))
    assert runtime.entry.models == ("knn-mnist",)


async def test_no_request_fails_while_a_model_is_unloaded(start, request_for):
    runtime = await start("runtime-1", "tf-mnist", drain_seconds=0.05)
    unloading = runtime.mesh.Unload(UnloadRequest(model="tf-mnist"))
    while not unloading.done():
        _, served_by, _ = await runtime.infer(request_for("tf-mnist"))
        assert served_by == "runtime-1"


@pytest.mark.parametrize(
    ("model", "version", "code", "words"),
    [
        ("nobody", "", grpc.StatusCode.NOT_FOUND, "no model 'nobody'; there are bayes-mnist"),
        ("", "", grpc.StatusCode.NOT_FOUND, "no model ''"),
        ("tf-mnist", "2", grpc.StatusCode.NOT_FOUND, "no version '2'; use 1"),
    ],
)
async def test_what_is_not_there_is_not_found(start, request_for, model, version, code, words):
    runtime = await start("runtime-1")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await runtime.infer(request_for(model, model_version=version))
    assert caught.value.code() is code
    assert words in str(caught.value.details())


async def test_a_wrong_tensor_is_an_invalid_argument_also_when_rerouted(start, request_for):
    asked = await start("runtime-1")
    await start("runtime-2", "tf-mnist")
    request = request_for("tf-mnist")
    request.inputs[0].datatype = "FP64"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asked.infer(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "send FP32" in str(caught.value.details())


async def test_health_readiness_and_metadata_are_reported(start):
    runtime = await start("runtime-1")
    await start("runtime-2", "tf-mnist")
    inference = runtime.inference
    assert (await inference.ServerLive(pb.ServerLiveRequest())).live
    assert (await inference.ServerReady(pb.ServerReadyRequest())).ready
    assert (await inference.ServerMetadata(pb.ServerMetadataRequest())).name == "runtime-1"
    assert (await inference.ModelReady(pb.ModelReadyRequest(name="tf-mnist"))).ready
    assert not (await inference.ModelReady(pb.ModelReadyRequest(name="knn-mnist"))).ready
    metadata = await inference.ModelMetadata(pb.ModelMetadataRequest(name="tf-mnist"))
    assert list(metadata.inputs[0].shape) == [-1, 784]
    with pytest.raises(grpc.aio.AioRpcError, match="no model 'nobody'"):
        await inference.ModelReady(pb.ModelReadyRequest(name="nobody"))

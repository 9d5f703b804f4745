"""The load: what counts as an answer, and who is asked when."""

import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from demo import load
from demo.load import Client, Outcome
from demo.questions import Question

QUESTION = Question("tf-mnist", b'{"inputs": []}', 7)


def answer(digit, field="int64Contents"):
    return json.dumps({"outputs": [{"name": "predict", "contents": {field: [digit]}}]})


class Gateway(ThreadingHTTPServer):
    """Answers with what the test sets, and notes what it was asked."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.asked: list[tuple[str, str | None, bytes, object]] = []
        self.answer = (200, {"x-served-by": "runtime-2", "x-rerouted": "false"}, answer("7"))


@pytest.fixture
def gateway():
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            server.asked.append((self.path, self.headers["model"], body, self.client_address))
            status, headers, text = server.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = Gateway(Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(gateway):
    client = Client(*gateway.server_address)
    yield client
    client.close()


def test_a_question_goes_to_the_models_path_with_its_header(gateway, client):
    client.ask(QUESTION)
    [(path, header, body, _)] = gateway.asked
    assert (path, header, body) == ("/v2/models/tf-mnist/infer", "tf-mnist", QUESTION.body)


def test_the_connection_is_kept(gateway, client):
    for _ in range(3):
        client.ask(QUESTION)
    assert len({address for *_, address in gateway.asked}) == 1


@pytest.mark.parametrize("field", ["int64Contents", "int64_contents"])
def test_the_right_digit_is_a_success(gateway, client, field):
    gateway.answer = (200, {"x-served-by": "runtime-2", "x-rerouted": "true"}, answer("7", field))
    outcome = client.ask(QUESTION)
    assert (outcome.failure, outcome.served_by, outcome.rerouted) == ("", "runtime-2", True)


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (503, "no healthy upstream", "HTTP 503: no healthy upstream"),
        (200, answer("8"), "tf-mnist predicts 7, but the answer is 8"),
        (200, "{}", "no prediction in {}"),
        (200, "[1]", "no prediction"),
        (200, "oops", "no prediction in oops"),
        (200, answer([]), "no prediction"),
    ],
)
def test_any_other_answer_is_a_failure_and_says_why(gateway, client, status, text, words):
    gateway.answer = (status, {}, text)
    assert words in client.ask(QUESTION).failure


def test_a_gateway_that_is_gone_is_a_failure_and_no_end(gateway):
    client = Client("127.0.0.1", 1)
    assert "ConnectionRefusedError" in client.ask(QUESTION).failure
    client = Client(*gateway.server_address)
    assert client.ask(QUESTION).failure == ""
    client.close()


def test_questions_are_asked_in_order_until_it_is_stopped():
    questions = [Question("tf-mnist", b"", number) for number in range(9)]
    stop, asked = threading.Event(), []

    def ask(question):
        asked.append(question)
        if len(asked) == 5:
            stop.set()
        return Outcome(question.model, float(question.digit))

    outcomes = load.run(ask, itertools.cycle(questions), rate=1e6, stop=stop)
    assert asked == questions[:5]
    assert [outcome.seconds for outcome in outcomes] == [0, 1, 2, 3, 4]

"""Core Kubernetes objects as ``kubectl get -o yaml`` prints them."""

from __future__ import annotations

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: helloworld
  namespace: default
  creationTimestamp: 2025-11-03T09:12:41Z
  resourceVersion: "7"
spec:
  clusterIP: 10.96.0.7
  clusterIPs: [10.96.0.7]
  internalTrafficPolicy: Cluster
  ports:
  - {name: http, port: 8000, protocol: TCP, targetPort: 5678}
  - {name: grpc, port: 8001, protocol: TCP, targetPort: named, appProtocol: grpc}
  selector: {app: helloworld}
  type: ClusterIP
status: {loadBalancer: {}}
"""

ENDPOINT_SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: helloworld-x7k2p
  labels: {kubernetes.io/service-name: helloworld}
addressType: IPv4
ports: [{name: http, port: 5678, protocol: TCP}]
endpoints:
- addresses: [10.244.0.7]
  conditions: {ready: true, serving: true, terminating: false}
  nodeName: node-1
  targetRef: {kind: Pod, name: helloworld-1, namespace: default, uid: u}
  zone: a
- addresses: [10.244.0.8]
  conditions: {ready: false}
- addresses: [10.244.0.9]
- addresses: [10.244.0.10]
  conditions: {}
"""

POD = """
apiVersion: v1
kind: Pod
metadata: {name: helloworld-1, labels: {app: helloworld, version: v1}}
spec:
  containers:
  - name: proxy
  - name: helloworld
    image: hello:1
    ports: [{containerPort: 5678, name: http, protocol: TCP}]
status:
  phase: Running
  podIP: 10.244.0.7
  conditions: [{type: Ready, status: "True"}, {type: Initialized, status: "True"}]
"""


def test_a_service_is_read(read):
    parsed = read(SERVICE)

    assert parsed.problems == ()
    http, grpc = parsed.object.spec.ports
    assert (http.port, http.target_port) == (8000, 5678)
    assert (grpc.target_port, grpc.app_protocol) == ("named", "grpc")
    assert parsed.object.spec.cluster_ip == "10.96.0.7"
    assert parsed.object.metadata.creation_timestamp.startswith("2025-11-03T09:12:41")


def test_an_endpoint_slice_is_read(read):
    parsed = read(ENDPOINT_SLICE)

    assert parsed.problems == ()
    assert parsed.object.service_name == "helloworld"
    assert parsed.object.endpoints[0].target_ref.name == "helloworld-1"
    assert [each.is_ready for each in parsed.object.endpoints] == [True, False, True, True]


def test_an_empty_endpoint_slice_is_read_as_kubernetes_prints_it(read):
    body = ENDPOINT_SLICE.partition("ports:")[0] + "ports: null\nendpoints: null\n"

    parsed = read(body)

    assert parsed.problems == ()
    assert parsed.object.endpoints == parsed.object.ports == ()


def test_a_pod_is_read(read):
    parsed = read(POD)

    assert parsed.problems == ()
    assert parsed.object.is_ready
    assert parsed.object.status.pod_ip == "10.244.0.7"
    assert parsed.object.port_named("http") == 5678
    assert parsed.object.port_named("grpc") is None


def test_a_pod_that_is_not_ready_or_going_away_takes_no_traffic(read):
    assert not read(POD.replace('Ready, status: "True"', 'Ready, status: "False"')).object.is_ready
    assert not read(POD.replace("podIP: 10.244.0.7", "podIP: null")).object.is_ready
    going = POD.replace("metadata: {", 'metadata: {deletionTimestamp: "2025-11-03T09:12:41Z", ')
    assert not read(going).object.is_ready


def test_what_is_wrong_in_them_is_said_in_the_same_words(read):
    parsed = read(SERVICE.replace("port: 8000", "port: x"))

    (problem,) = parsed.problems
    assert (problem.path, problem.code) == ("spec.ports[0].port", "wrong-type")
    assert problem.message == "port must be a whole number."


def test_a_number_of_more_than_64_bits_is_too_large_and_not_a_fraction(read):
    parsed = read(SERVICE.replace("port: 8000", "port: 1.0e+30"))

    assert [problem.message for problem in parsed.problems] == ["port must be a smaller number."]


def test_names_and_numbers_of_a_services_ports_are_each_its_own(read):
    parsed = read(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          ports:
          - {name: http, port: 80}
          - {name: http, port: 81}
          - {name: dns, port: 81}
          - {name: dns-udp, port: 81, protocol: UDP}
        """
    )

    assert [(problem.path, problem.code) for problem in parsed.problems] == [
        ("spec.ports[1].name", "duplicate-value"),
        ("spec.ports[2].port", "duplicate-value"),
    ]


def test_a_workload_entry_keeps_labels_and_annotations(read):
    parsed = read(
        """
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata:
          name: runtime-1
          labels: {modelmesh.asm.alibabacloud.com/tf-mnist: "true"}
          annotations: {modelmesh.asm.alibabacloud.com: "a,b"}
        spec:
          address: 127.0.0.1
          ports: {grpc: 9001}
          labels: {app: modelmesh}
          weight: 0
        """
    )

    assert parsed.problems == ()
    assert parsed.object.spec.ports == {"grpc": 9001}
    assert parsed.object.spec.weight is None
    assert parsed.object.metadata.annotations == {"modelmesh.asm.alibabacloud.com": "a,b"}

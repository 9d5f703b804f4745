// Command controllers runs those of Kubernetes' own controllers that tests need: they make Pods for
// Deployments, EndpointSlices for Services and Pods, the default service accounts, and delete what
// is in deleted namespaces and what has lost its owner. kube-controller-manager, of which they are
// part, would compile five times as much.
//
//	controllers KUBECONFIG
package main

import (
	"context"
	"log"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/endpointslice"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
)

const (
	workers = 5
	// kube-controller-manager's default.
	endpointsPerSlice = 100
	resync            = time.Hour
	// How soon the garbage collector knows a new kind.
	discoverEvery = 2 * time.Second
)

// manager holds what the controllers share.
type manager struct {
	client    kubernetes.Interface
	metadata  metadata.Interface
	informers informers.SharedInformerFactory
}

// loop runs a controller until the context ends.
type loop func(context.Context, int)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: controllers KUBECONFIG")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := run(context.Background(), config); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, config *rest.Config) error {
	// Without a limit: tests should not wait for one.
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	metadataClient, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	m := &manager{client, metadataClient, informers.NewSharedInformerFactory(client, resync)}
	loops := []loop{m.replicaSets(ctx), m.endpointSlices(ctx), m.namespaces(ctx)}
	for _, make := range []func(context.Context) (loop, error){m.deployments, m.serviceAccounts} {
		made, err := make(ctx)
		if err != nil {
			return err
		}
		loops = append(loops, made)
	}
	started := make(chan struct{})
	collect, err := m.garbage(ctx, started)
	if err != nil {
		return err
	}
	m.informers.Start(ctx.Done())
	close(started)
	for _, each := range append(loops, collect) {
		go each(ctx, workers)
	}
	<-ctx.Done()
	return nil
}

func (m *manager) deployments(ctx context.Context) (loop, error) {
	apps := m.informers.Apps().V1()
	controller, err := deployment.NewDeploymentController(
		ctx, apps.Deployments(), apps.ReplicaSets(), m.informers.Core().V1().Pods(), m.client)
	if err != nil {
		return nil, err
	}
	return controller.Run, nil
}

func (m *manager) replicaSets(ctx context.Context) loop {
	return replicaset.NewReplicaSetController(
		ctx, m.informers.Apps().V1().ReplicaSets(), m.informers.Core().V1().Pods(), m.client,
		replicaset.BurstReplicas).Run
}

func (m *manager) endpointSlices(ctx context.Context) loop {
	core := m.informers.Core().V1()
	return endpointslice.NewController(
		ctx, core.Pods(), core.Services(), core.Nodes(),
		m.informers.Discovery().V1().EndpointSlices(), endpointsPerSlice, m.client, 0).Run
}

func (m *manager) namespaces(ctx context.Context) loop {
	return namespace.NewNamespaceController(
		ctx, m.client, m.metadata, m.client.Discovery().ServerPreferredNamespacedResources,
		m.informers.Core().V1().Namespaces(), resync, v1.FinalizerKubernetes).Run
}

func (m *manager) serviceAccounts(ctx context.Context) (loop, error) {
	core := m.informers.Core().V1()
	controller, err := serviceaccount.NewServiceAccountsController(
		klog.FromContext(ctx), core.ServiceAccounts(), core.Namespaces(), m.client,
		serviceaccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return nil, err
	}
	return controller.Run, nil
}

func (m *manager) garbage(ctx context.Context, started <-chan struct{}) (loop, error) {
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(
		memory.NewMemCacheClient(m.client.Discovery()))
	controller, err := garbagecollector.NewGarbageCollector(
		ctx, m.client, m.metadata, mapper, garbagecollector.DefaultIgnoredResources(),
		informerfactory.NewInformerFactory(
			m.informers, metadatainformer.NewSharedInformerFactory(m.metadata, resync)),
		started)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, workers int) {
		go controller.Sync(ctx, m.client.Discovery(), discoverEvery)
		controller.Run(ctx, workers, time.Minute)
	}, nil
}

// Pushes with client_golang, as jobs in Go do.
//
//	push-client URL push     pushes to several groups
//	push-client URL delete   deletes them all
package main

import (
	"log"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/prometheus/common/expfmt"
)

func gauge(name string, value float64) prometheus.Collector {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: "The gauge " + name + "."})
	gauge.Set(value)
	return gauge
}

// everyType has a metric of every type, some with labels that need escaping.
func everyType() *prometheus.Registry {
	tasks := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "tasks_total", Help: "Tasks done."}, []string{"outcome"})
	tasks.WithLabelValues("ok").Add(3)
	tasks.WithLabelValues("failed: \"disk\\full\"\n").Inc()

	wait := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "wait_seconds", Help: "Time waited.", Buckets: []float64{0.5, 2.5}})
	for _, seconds := range []float64{0.25, 1.5, 7} {
		wait.Observe(seconds)
	}

	size := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "size_bytes", Help: "Sizes.", Objectives: map[float64]float64{0.5: 0.05, 0.99: 0.001}})
	for _, bytes := range []float64{100, 200, 300} {
		size.Observe(bytes)
	}

	untyped := prometheus.NewUntypedFunc(
		prometheus.UntypedOpts{Name: "anything", Help: "Of no type."}, func() float64 { return 1e21 })

	registry := prometheus.NewRegistry()
	registry.MustRegister(tasks, gauge("temperature_celsius", -2.5), wait, size, untyped)
	return registry
}

func allTypes(url string) *push.Pusher {
	return push.New(url, "go").Grouping("instance", "worker-1")
}

func added(url string) *push.Pusher {
	return push.New(url, "go added")
}

func odd(url string) *push.Pusher {
	return push.New(url, "nightly/go backup").
		Grouping("path", "/var/tmp").Grouping("zone", "a+b").Grouping("empty", "")
}

func text(url string) *push.Pusher {
	return push.New(url, "go-text").Format(expfmt.FmtText).BasicAuth("user", "secret")
}

func main() {
	url, step := os.Args[1], os.Args[2]
	var steps []func() error
	switch step {
	case "push":
		steps = []func() error{
			allTypes(url).Collector(gauge("replaced", 1)).Push,
			allTypes(url).Gatherer(everyType()).Push,
			added(url).Collector(gauge("kept", 1)).Add,
			added(url).Collector(gauge("changed", 1)).Add,
			added(url).Collector(gauge("changed", 2)).Add,
			odd(url).Collector(gauge("odd_values", 1)).Push,
			text(url).Collector(gauge("authorized", 1)).Push,
		}
	case "delete":
		steps = []func() error{allTypes(url).Delete, added(url).Delete, odd(url).Delete, text(url).Delete}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			log.Fatal(err)
		}
	}
}

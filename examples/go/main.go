// A job in Go that pushes how its last run went.
//
// Environment: PUSHGATEWAY_URL and PUSHGATEWAY_TOKEN.
package main

import (
	"context"
	"log"
	"math/rand"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

const (
	job      = "backup"
	attempts = 4
)

func main() {
	success := gauge("backup_last_run_success", "Whether the last run succeeded.")
	size := gauge("backup_last_run_size_bytes", "Size of the last run's archive.")
	duration := gauge("backup_last_run_duration_seconds", "How long the last run took.")

	start := time.Now()
	bytes, err := backUp()
	duration.Set(time.Since(start).Seconds())
	size.Set(float64(bytes))
	if err == nil {
		success.Set(1)
	}

	// A failure is logged: metrics are no reason to fail the run.
	if err := report(success, size, duration); err != nil {
		log.Printf("metrics were not pushed: %v", err)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// report replaces the group of this job.
func report(metrics ...prometheus.Collector) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	pusher := push.New(os.Getenv("PUSHGATEWAY_URL"), job).Client(client{token: os.Getenv("PUSHGATEWAY_TOKEN")})
	for _, metric := range metrics {
		pusher.Collector(metric)
	}
	return pusher.PushContext(ctx)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func backUp() (int, error) {
	return 4096, nil
}

// client sends the token with each request, and sends again what the gateway could not take at the moment.
type client struct {
	token string
	http  http.Client
}

func (c client) Do(request *http.Request) (*http.Response, error) {
	c.http.Timeout = 5 * time.Second
	request.Header.Set("Authorization", "Bearer "+c.token)
	for attempt := 0; ; attempt++ {
		response, err := c.http.Do(request)
		if attempt+1 == attempts || (err == nil && !isBusy(response)) {
			return response, err
		}
		if err == nil {
			response.Body.Close()
		}
		// Jobs that were refused together should not come back together.
		pause := time.Duration(float64(time.Second<<attempt) * (0.5 + rand.Float64()))
		select {
		case <-time.After(pause):
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
		if request.GetBody != nil {
			if request.Body, err = request.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

func isBusy(response *http.Response) bool {
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

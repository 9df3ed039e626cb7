package relay

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thetaedge/theta/blob/throughput"
)

// metrics of a relay, all under thetaedge_relay_.
type metrics struct {
	requests *prometheus.CounterVec
	received prometheus.Counter
	sent     prometheus.Counter
	expired  prometheus.Counter
	// gaveWay counts uploads whose place another has taken, lookups the questions to the
	// chain by what was found.
	gaveWay prometheus.Counter
	lookups *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, v *vault, p *places) (*metrics, error) {
	name := func(n string) string { return prometheus.BuildFQName("thetaedge", "relay", n) }
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("requests_total"), Help: "Requests by route and HTTP status."}, []string{"route", "status"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{Name: name("received_bytes_total"), Help: "Bytes of accepted uploads."}),
		sent:     prometheus.NewCounter(prometheus.CounterOpts{Name: name("sent_bytes_total"), Help: "Bytes of response bodies."}),
		expired:  prometheus.NewCounter(prometheus.CounterOpts{Name: name("expired_total"), Help: "Files deleted because they expired."}),
		gaveWay:  prometheus.NewCounter(prometheus.CounterOpts{Name: name("gave_way_total"), Help: "Uploads that made room for another because all places were taken."}),
		lookups:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("lookups_total"), Help: "Questions to the chain by answer: works, stranger, or none."}, []string{"answer"}),
	}
	uploads := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name("uploads"), Help: "Uploads in progress."}, func() float64 {
		return float64(p.count())
	})
	stored := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name("stored_bytes"), Help: "Bytes held, by charges: what two have brought counts twice."}, func() float64 {
		bytes, _ := v.usage()
		return float64(bytes)
	})
	files := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name("stored_files"), Help: "Blobs and drops held, by charges."}, func() float64 {
		_, files := v.usage()
		return float64(files)
	})
	var errs []error
	for _, c := range []prometheus.Collector{m.requests, m.received, m.sent, m.expired, m.gaveWay, m.lookups, uploads, stored, files} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

// answer counts what a handler sends.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
	// watch is over the body, nil for a short one.
	watch *throughput.Watch
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	if a.watch != nil {
		a.watch.Move(n)
	}
	return n, err
}

// Unwrap lets http.ResponseController reach the connection's deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (m *metrics) observe(route string, a *answer) {
	m.requests.WithLabelValues(route, strconv.Itoa(a.status)).Inc()
	m.sent.Add(float64(a.bytes))
}

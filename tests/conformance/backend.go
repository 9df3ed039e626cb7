package conformance

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// Backend is a device to compare with the reference.
type Backend struct {
	Name string
	// Driver is the driver with its compiler, for people.
	Driver string
	// Missing says why the device cannot be opened; "" if it can.
	Missing string
	Open    func() (tensor.Device, error)
}

// Own returns the back ends that every machine has: package cpu with each kind of vectors of the
// processor, without them, and on one core.
func Own() []Backend {
	named := func(name string, options ...cpu.Option) Backend {
		return Backend{Name: name, Open: func() (tensor.Device, error) { return cpu.New(options...), nil }}
	}
	all := []Backend{named("cpu, one core", cpu.WithCores(1))}
	for _, vectors := range cpu.Available() {
		all = append(all, named("cpu, "+vectors.String(), cpu.WithVectors(vectors)))
	}
	return all
}

// Compare executes the work on back ends, one after the other.
func (w *Work) Compare(backends []Backend) *Report {
	r := &Report{
		Time: time.Now().UTC().Truncate(time.Second), Platform: runtime.GOOS + "/" + runtime.GOARCH + ", " + runtime.Version(),
		Processor: processor(), Seed: w.options.Seed, Reference: w.reference,
	}
	for _, b := range backends {
		r.Backends = append(r.Backends, w.compare(b))
	}
	return r
}

func (w *Work) compare(b Backend) (r Result) {
	r = Result{Name: b.Name, Driver: b.Driver, Missing: b.Missing}
	if r.Missing != "" {
		return r
	}
	began := time.Now()
	defer func() { r.Seconds = time.Since(began).Seconds() }()
	d, err := b.Open()
	if err != nil {
		r.Failure = err.Error()
		return r
	}
	r.Device = d.Name()
	w.do(d, &r)
	if err := d.Close(); err != nil && r.Failure == "" {
		r.Failure = err.Error()
	}
	return r
}

// processor returns the name of the processor, "" where the system has no file that says it.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer file.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

package cmd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/tensor/backend"
)

// cards watches the graphics cards of the machine, and measures the energy of programs.
type cards struct {
	drm    device.DRM
	watch  *device.Watch
	ledger *device.Ledger
	// packages are the IDs of the counters of the processor. noPackages says why there are none.
	packages   []string
	noPackages string
	// counters are those of the ledger.
	mu       sync.Mutex
	counters []device.Counter
	// looked is closed when the watch has looked at the cards once.
	looked     chan struct{}
	lookedOnce sync.Once
	// chosen returns what executes tensors, and whether it has been chosen yet.
	chosen func() (backend.Device, bool)
}

// newCards returns the watch of a daemon, which logs what becomes of the cards. Without a logger, it
// is that of a command which looks once.
func newCards(logger *slog.Logger) *cards {
	c := &cards{
		drm: device.NewDRM("/"), ledger: device.NewLedger(time.Now), looked: make(chan struct{}),
		chosen: func() (backend.Device, bool) { return backend.Device{}, false },
	}
	cfg := device.WatchConfig{
		Open: func() (device.Driver, error) {
			nvidia, err := device.OpenNVML("")
			return device.JoinDrivers(nvidia, c.drm), err
		},
		Generation: func() string { return device.NVIDIAGeneration("/") },
		Listen:     logger != nil,
		Looked:     c.count,
	}
	if logger != nil {
		cfg.Told = func(card device.Card, ailment *device.Ailment) {
			if ailment != nil {
				logger.Error("a graphics card must not be used, and the node takes no work for it", "card", card.Model, "id", card.UUID, "why", ailment.Why, "cure", ailment.Cure)
				return
			}
			logger.Info("a graphics card can be used again", "card", card.Model, "id", card.UUID)
		}
	}
	c.watch = device.NewWatch(cfg)
	packages, err := device.RAPL(device.PowercapRoot)
	if err != nil {
		c.noPackages = err.Error()
	}
	for _, counter := range packages {
		c.packages = append(c.packages, counter.ID)
	}
	c.add(packages...)
	return c
}

// add adds energy counters that are not known yet.
func (c *cards) add(counters ...device.Counter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, counter := range counters {
		if !slices.ContainsFunc(c.counters, func(known device.Counter) bool { return known.ID == counter.ID }) {
			c.counters = append(c.counters, counter)
			c.ledger.Add(counter)
		}
	}
}

// count adds the energy counters of cards that were found. Graphics in a processor are part of its
// counter.
func (c *cards) count() {
	defer c.lookedOnce.Do(func() { close(c.looked) })
	for _, card := range c.watch.Cards() {
		_, energy := card.State.Energy.Value()
		_, power := card.State.Power.Value()
		if card.Kind != "integrated" && (energy || power && card.Source == "amdgpu") {
			c.add(c.watch.Counter(card.Card, c.drm))
		}
	}
}

// await waits until the watch has looked at the cards once, or ctx ends.
func (c *cards) await(ctx context.Context) {
	select {
	case <-c.looked:
	case <-ctx.Done():
	}
}

// uses tells the meters what executes tensors.
func (c *cards) uses(chosen func() (backend.Device, bool)) { c.chosen = chosen }

// follow watches the cards and reads the counters concurrently with the caller. The function that it
// returns ends that.
func (c *cards) follow(parent context.Context) (end func() error) {
	ctx, cancel := context.WithCancel(parent)
	watched := make(chan error, 1)
	read := make(chan struct{})
	go func() { watched <- c.watch.Run(ctx) }()
	go func() {
		defer close(read)
		c.ledger.Run(ctx)
	}()
	return func() error {
		cancel()
		<-read
		return <-watched
	}
}

// health says why a device must not be used, or returns nil. A card that the drivers of this machine
// do not report is taken for healthy.
func (c *cards) health(d backend.Device) error {
	if c == nil {
		return nil
	}
	if card, known := c.watch.OfVulkan(d.UUID); known && card.Ailment != nil {
		return card.Ailment
	}
	return nil
}

// processor measures programs that run on the processor.
func (c *cards) processor() device.Meter { return c.ledger.Meter(c.onProcessor) }

// tensors measures programs whose tensors are on what was chosen for them.
func (c *cards) tensors() device.Meter { return c.ledger.Meter(c.onDevice) }

func (c *cards) onProcessor() (ids, missing []string) {
	if c.noPackages != "" {
		missing = append(missing, c.noPackages)
	}
	return c.packages, missing
}

func (c *cards) onDevice() (ids, missing []string) {
	ids, missing = c.onProcessor()
	ids = slices.Clone(ids)
	d, chosen := c.chosen()
	if !chosen {
		return ids, append(missing, "it was not known yet what executes tensors")
	}
	if !d.Driven() || d.Kind == "processor" {
		return ids, missing
	}
	card, known := c.watch.OfVulkan(d.UUID)
	switch {
	case !known:
		return ids, append(missing, fmt.Sprintf("%s: its energy is not counted, because none of the drivers that thetaedge hardware shows reports it", d.Name))
	case card.Kind == "integrated":
		return ids, missing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.counters, func(counter device.Counter) bool { return counter.ID == card.UUID }) {
		return ids, append(missing, fmt.Sprintf("%s: %s", d.Name, card.State.Energy.Reason()))
	}
	return append(ids, card.UUID), missing
}

// Cards implements api.Devices.
func (c *cards) Cards() []device.CardHealth { return c.watch.Cards() }

// Counters implements api.Devices.
func (c *cards) Counters() []device.CounterState { return c.ledger.Counters() }

// powers measures the power of the devices that have counters, over a time. The order is that of
// Counters.
func (c *cards) powers(ctx context.Context, over time.Duration) []device.Reading {
	c.mu.Lock()
	counters := slices.Clone(c.counters)
	c.mu.Unlock()
	return device.Powers(ctx, counters, over)
}

// checkCards shows the health of the graphics cards, and whether energy can be measured.
func checkCards(ctx context.Context, r *report) {
	c := newCards(nil)
	c.watch.Look(ctx)
	for _, card := range c.Cards() {
		if card.Ailment != nil {
			r.line(missing, "card", "%s: %v", card.Model, card.Ailment)
			continue
		}
		r.line(good, "card", "%s: nothing speaks against it (%s); thetaedge hardware shows its state", card.Model, card.Source)
	}
	for _, counter := range c.Counters() {
		if counter.Missing != "" {
			r.line(unsure, "energy", "%s: %s", counter.Name, counter.Missing)
			continue
		}
		r.line(good, "energy", "%s is measured (%s)", counter.Name, counter.Code)
	}
	if c.noPackages != "" {
		r.line(unsure, "energy", "the processor is not measured: %s", c.noPackages)
	}
	if err := c.watch.Close(); err != nil {
		r.line(unsure, "card", "%v", err)
	}
}

// printCards shows the graphics cards of a running node, each on a line.
func printCards(out io.Writer, s *sidecarv1.StatusResponse) {
	for _, card := range s.Cards {
		if !card.Healthy {
			fmt.Fprintf(out, "card\t%s, UNHEALTHY: %s; %s\n", oneLine(card.Model), oneLine(card.Ailment), oneLine(card.Cure))
			continue
		}
		text := oneLine(card.Model)
		if card.TemperatureMillicelsius != nil {
			text += fmt.Sprintf(", %.0f °C", float64(*card.TemperatureMillicelsius)/1000)
		}
		if card.PowerMilliwatts != nil {
			text += fmt.Sprintf(", %.1f W", float64(*card.PowerMilliwatts)/1000)
		}
		fmt.Fprintf(out, "card\t%s, nothing speaks against it; thetaedge hardware shows more\n", text)
	}
}

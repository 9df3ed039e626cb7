package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// WatchConfig contains what a Watch needs.
type WatchConfig struct {
	// Open opens the drivers of the cards. It is called again after a driver was released.
	Open func() (Driver, error)
	// Generation names the instance of the NVIDIA driver, or returns "" if that cannot be told. It
	// may be nil.
	Generation func() string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Every is the pause between two looks at the cards; 0 means 10 seconds.
	Every time.Duration
	// Patience is the time that a driver has for an answer; 0 means 10 seconds.
	Patience time.Duration
	// Listen makes the watch wait for errors that a driver reports, in addition to looking.
	Listen bool
	// Told is called when a card becomes ill or well again. It may be nil.
	Told func(card Card, ailment *Ailment)
	// Looked is called after each look. It may be nil.
	Looked func()
}

// Watch looks at the graphics cards of the machine again and again, and knows which of them must
// not be used. While a card waits for a reset, it holds the drivers only for the moments in which it
// looks, because a driver that is in use can be neither reloaded nor reset.
type Watch struct {
	cfg  WatchConfig
	wait *patience
	// alarm wakes the watch up when a driver has reported an error.
	alarm chan struct{}

	// driver is nil while it is released. It and stop belong to the one call of survey; Energy reads
	// driver under mu.
	mu      sync.Mutex
	driver  Driver
	health  *health
	missing []string
	// deaf says why errors are not reported when they happen; empty if they are.
	deaf string
	ills map[string]string
	// gauged contains the last values of gauges, by name.
	gauged map[string]gauged

	// stopListening and listening belong to survey too. heard says that the watch was listening when
	// it looked last.
	stopListening func() (ended bool)
	listening     chan struct{}
	heard         bool
	// broken is the error of the last opening, after which some drivers are missing.
	broken error
}

// NewWatch returns a watch that has not looked yet.
func NewWatch(cfg WatchConfig) *Watch {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Every <= 0 {
		cfg.Every = 10 * time.Second
	}
	if cfg.Patience <= 0 {
		cfg.Patience = 10 * time.Second
	}
	if cfg.Generation == nil {
		cfg.Generation = func() string { return "" }
	}
	if cfg.Told == nil {
		cfg.Told = func(Card, *Ailment) {}
	}
	closed := make(chan struct{})
	close(closed)
	if cfg.Looked == nil {
		cfg.Looked = func() {}
	}
	return &Watch{
		cfg: cfg, wait: newPatience(cfg.Patience), alarm: make(chan struct{}, 1), health: newHealth(),
		ills: map[string]string{}, gauged: map[string]gauged{}, stopListening: func() bool { return true }, listening: closed,
	}
}

// Run looks at the cards until ctx ends, and then releases the drivers.
func (w *Watch) Run(ctx context.Context) error {
	ticker := time.NewTicker(w.cfg.Every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		w.Look(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-w.alarm:
		}
	}
	return w.Close()
}

// Look looks at the cards once. Calls must not overlap.
func (w *Watch) Look(ctx context.Context) {
	cards, err := w.survey(ctx)
	w.mu.Lock()
	w.health.observe(w.cfg.Now(), w.cfg.Generation(), cards, err)
	w.missing = nil
	if err != nil {
		w.missing = append(w.missing, "graphics cards: "+err.Error())
	}
	list, ill := w.health.cards(), w.health.ill()
	w.mu.Unlock()
	if ill {
		if err := w.release(); err != nil {
			w.note("graphics cards: " + err.Error())
		}
	}
	w.tell(list)
	w.cfg.Looked()
}

// tell reports the cards whose health has changed.
func (w *Watch) tell(list []CardHealth) {
	for _, c := range list {
		why := ""
		if c.Ailment != nil {
			why = c.Ailment.Error()
		}
		if w.ills[c.UUID] != why {
			w.ills[c.UUID] = why
			w.cfg.Told(c.Card, c.Ailment)
		}
	}
}

func (w *Watch) note(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.missing = append(w.missing, text)
}

// survey asks the drivers for the cards. It opens them if they are not open, or if not all of them
// could be opened.
func (w *Watch) survey(ctx context.Context) ([]Card, error) {
	w.mu.Lock()
	driver := w.driver
	w.mu.Unlock()
	if driver != nil && w.broken != nil {
		if err := w.release(); err != nil {
			return nil, err
		}
		driver = nil
	}
	if driver == nil {
		driver, w.broken = await(w.wait, w.cfg.Open)
		if driver == nil {
			return nil, w.broken
		}
		w.mu.Lock()
		w.driver = driver
		w.mu.Unlock()
	}
	w.keepListening(ctx, driver)
	cards, err := await(w.wait, driver.Cards)
	return cards, errors.Join(w.broken, err)
}

// keepListening begins to listen again if that has ended.
func (w *Watch) keepListening(ctx context.Context, driver Driver) {
	select {
	case <-w.listening:
		w.heard = false
		w.listen(ctx, driver)
	default:
		if w.heard {
			w.mu.Lock()
			w.deaf = ""
			w.mu.Unlock()
		}
		w.heard = true
	}
}

// listen waits for errors that a driver reports, concurrently with the watch.
func (w *Watch) listen(ctx context.Context, driver Driver) {
	alarms, ok := driver.(Alarms)
	if !ok || !w.cfg.Listen {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	w.listening = done
	go func() {
		defer close(done)
		err := alarms.Listen(ctx, w.hear)
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			w.deaf = err.Error()
		}
	}()
	w.stopListening = func() bool {
		cancel()
		select {
		case <-done:
			return true
		case <-time.After(w.cfg.Patience):
			return false
		}
	}
}

// hear takes an error into account that a driver has reported.
func (w *Watch) hear(id string, xid uint64) {
	w.mu.Lock()
	w.health.xid(id, xid)
	w.mu.Unlock()
	select {
	case w.alarm <- struct{}{}:
	default: // the watch will look anyway
	}
}

// release closes the drivers. A driver in which a call is under way stays open, because the call would
// go on in a library that is gone.
func (w *Watch) release() error {
	if !w.stopListening() {
		return fmt.Errorf("a driver cannot be released: %w", &hangError{w.cfg.Patience})
	}
	w.stopListening = func() bool { return true }
	w.mu.Lock()
	driver := w.driver
	w.driver = nil
	w.mu.Unlock()
	if driver == nil {
		return nil
	}
	_, err := await(w.wait, func() (struct{}, error) { return struct{}{}, driver.Close() })
	return err
}

// Close releases the drivers. It must not overlap with Run or Look.
func (w *Watch) Close() error { return w.release() }

// energyPatience is the time that a driver has for its energy counter. A run waits for it when it
// begins and ends, and deadlines do not wait.
const energyPatience = 2 * time.Second

// Energy returns the energy that a card has used, in microjoules, as Driver does.
func (w *Watch) Energy(id string) (uint64, error) {
	value, err := await(w.wait.within(energyPatience), func() (uint64, error) {
		// A driver is closed by a call of await too, so that it stays open during this one.
		w.mu.Lock()
		driver := w.driver
		w.mu.Unlock()
		if driver == nil {
			return 0, fmt.Errorf("%w: the drivers of the graphics cards are not open", ErrNotMeasured)
		}
		return driver.Energy(id)
	})
	if err != nil && !errors.Is(err, ErrNotMeasured) {
		err = fmt.Errorf("%w: %w", ErrNotMeasured, err)
	}
	return value, err
}

// Cards returns the cards that the watch has seen, those that are gone too.
func (w *Watch) Cards() []CardHealth {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.health.cards()
}

// Missing says what could not be found out about the cards.
func (w *Watch) Missing() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.Clone(w.missing)
	if w.deaf != "" && slices.ContainsFunc(w.health.cards(), func(c CardHealth) bool { return c.Source == "nvml" }) {
		list = append(list, "fatal errors (XID) of NVIDIA's driver are not seen: "+w.deaf)
	}
	return list
}

// OfVulkan returns the card that Vulkan knows under a UUID, and whether there is one.
func (w *Watch) OfVulkan(uuid string) (CardHealth, bool) {
	uuid = plainUUID(uuid)
	for _, c := range w.Cards() {
		if uuid != "" && strings.EqualFold(c.Vulkan, uuid) {
			return c, true
		}
	}
	return CardHealth{}, false
}

// Counter returns the energy counter of a card. A card of AMD whose driver reports power alone has
// the integral of its power.
func (w *Watch) Counter(card Card, drm DRM) Counter {
	c := Counter{
		ID: card.UUID, Code: card.Source, Name: card.Model, MostWatts: mostWattsCard, Every: idleEvery,
		Read: func() (uint64, error) { return w.Energy(card.UUID) },
	}
	_, counts := card.State.Energy.Value()
	if _, power := card.State.Power.Value(); counts || !power || card.Source != "amdgpu" {
		return c
	}
	sum := &integral{now: w.cfg.Now, read: func() (int64, error) {
		return await(w.wait.within(energyPatience), func() (int64, error) { return drm.Power(card.UUID) })
	}}
	c.Code, c.Every, c.Read = "amdpow", time.Second, sum.Read
	return c
}

package device

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// waitFor is the time that a test waits for a condition.
const waitFor = 20 * time.Second

// fakeDriver is a driver that a test controls.
type fakeDriver struct {
	mu      sync.Mutex
	cards   []Card
	err     error
	opened  int
	open    int
	xids    chan uint64
	deaf    error
	energy  uint64
	blocked chan struct{}
}

func newFakeDriver(cards ...Card) *fakeDriver {
	return &fakeDriver{cards: cards, xids: make(chan uint64)}
}

func (f *fakeDriver) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeDriver) openDriver() (Driver, error) {
	f.set(func() { f.opened++; f.open++ })
	return f, nil
}

func (f *fakeDriver) Cards() ([]Card, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cards, f.err
}

func (f *fakeDriver) Energy(string) (uint64, error) {
	f.mu.Lock()
	blocked := f.blocked
	f.mu.Unlock()
	if blocked != nil {
		<-blocked
	}
	return f.energy, f.err
}

func (f *fakeDriver) Close() error {
	f.set(func() { f.open-- })
	return nil
}

func (f *fakeDriver) Listen(ctx context.Context, tell func(string, uint64)) error {
	f.mu.Lock()
	deaf := f.deaf
	f.mu.Unlock()
	if deaf != nil {
		return deaf
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case xid := <-f.xids:
			tell("a", xid)
		}
	}
}

func TestAFatalErrorTakesTheCardOutAtOnceAndReleasesTheDriver(t *testing.T) {
	f := newFakeDriver(cool("a"))
	told := make(chan string, 10)
	w := NewWatch(WatchConfig{Open: f.openDriver, Every: time.Hour, Listen: true, Told: func(_ Card, a *Ailment) {
		if a == nil {
			told <- ""
			return
		}
		told <- a.Why
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	require.Eventually(t, func() bool { return len(w.Cards()) == 1 }, waitFor, time.Millisecond)
	f.xids <- 79
	require.Contains(t, <-told, "XID 79")
	require.Eventually(t, func() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.open == 0 }, waitFor, time.Millisecond)
	_, err := w.Energy("a")
	require.ErrorIs(t, err, ErrNotMeasured)
	card, known := w.OfVulkan("A")
	require.True(t, known)
	require.NotNil(t, card.Ailment)
	cancel()
	require.NoError(t, <-ended)
}

func TestACardIsUsedAgainAfterItsDriverWasReloaded(t *testing.T) {
	f := newFakeDriver(cool("a"))
	var told []string
	w := NewWatch(WatchConfig{Open: f.openDriver, Told: func(_ Card, a *Ailment) {
		text := "well"
		if a != nil {
			text = a.Why
		}
		told = append(told, text)
	}})
	w.Look(t.Context())
	require.Equal(t, 1, f.open, "the driver of a card in good health stays open")
	w.hear("a", 119)
	w.Look(t.Context())
	w.Look(t.Context())
	require.Zero(t, f.open)
	require.Equal(t, 2, f.opened)
	reloaded := cool("a")
	reloaded.State.Energy = Measured(1)
	f.set(func() { f.cards = []Card{reloaded} })
	w.Look(t.Context())
	require.Nil(t, w.Cards()[0].Ailment)
	require.Equal(t, 1, f.open)
	require.Len(t, told, 2)
	require.Equal(t, "well", told[1])
	require.NoError(t, w.Close())
	require.Zero(t, f.open)
}

func TestADriverThatHangsIsNotWaitedFor(t *testing.T) {
	f := newFakeDriver(cool("a"))
	w := NewWatch(WatchConfig{Open: f.openDriver})
	w.Look(t.Context())
	w.wait.limit = time.Millisecond
	f.blocked = make(chan struct{})
	// On a slow machine, the time may be over before the call begins.
	for len(w.wait.busy) == 0 {
		_, err := w.Energy("a")
		require.ErrorIs(t, err, ErrNotMeasured)
		require.ErrorContains(t, err, "has not answered")
	}
	w.Look(t.Context())
	require.Contains(t, w.Cards()[0].Ailment.Why, "has not answered")
	close(f.blocked)
	w.wait.limit = waitFor
	w.Look(t.Context())
	require.Nil(t, w.Cards()[0].Ailment)
}

func TestADriverThatWasNotOpenedIsTriedAgain(t *testing.T) {
	f := newFakeDriver(cool("a"))
	broken := errors.New("the NVIDIA driver does not start")
	w := NewWatch(WatchConfig{Open: func() (Driver, error) {
		driver, _ := f.openDriver()
		return driver, broken
	}})
	for range 3 {
		w.Look(t.Context())
		require.Equal(t, []string{"graphics cards: " + broken.Error()}, w.Missing())
		require.Nil(t, w.Cards()[0].Ailment, "the other drivers work")
	}
	broken = nil
	w.Look(t.Context())
	w.Look(t.Context())
	require.Empty(t, w.Missing())
	require.Equal(t, 4, f.opened)
	require.Equal(t, 1, f.open)
}

func TestADriverInWhichAListenerHangsIsNotClosed(t *testing.T) {
	f := newFakeDriver(cool("a"))
	stuck := make(chan struct{})
	w := NewWatch(WatchConfig{Open: func() (Driver, error) {
		driver, err := f.openDriver()
		return hangingListener{driver, stuck}, err
	}, Listen: true, Patience: waitFor})
	w.Look(t.Context())
	w.cfg.Patience = time.Millisecond
	w.hear("a", 48)
	w.Look(t.Context())
	require.Contains(t, w.Cards()[0].Ailment.Why, "XID 48")
	require.Equal(t, 1, f.open)
	require.Contains(t, w.Missing()[0], "cannot be released")
	close(stuck)
	w.cfg.Patience = waitFor
	w.Look(t.Context())
	require.Zero(t, f.open)
}

// hangingListener is a driver whose listener does not end by itself.
type hangingListener struct {
	Driver

	stuck chan struct{}
}

func (h hangingListener) Listen(context.Context, func(string, uint64)) error {
	<-h.stuck
	return nil
}

func TestAWatchThatDoesNotHearErrorsSaysSo(t *testing.T) {
	f := newFakeDriver(cool("a"))
	f.deaf = errors.New("too old")
	w := NewWatch(WatchConfig{Open: f.openDriver, Listen: true})
	w.Look(t.Context())
	require.Eventually(t, func() bool { return len(w.Missing()) == 1 }, waitFor, time.Millisecond)
	require.Contains(t, w.Missing()[0], "XID")
	f.set(func() { f.deaf = nil })
	require.Eventually(t, func() bool { w.Look(t.Context()); return len(w.Missing()) == 0 }, waitFor, time.Millisecond)
	require.NoError(t, w.Close())
}

func TestACardWithoutACounterHasTheIntegralOfItsPower(t *testing.T) {
	w := NewWatch(WatchConfig{Open: newFakeDriver().openDriver})
	drm := NewDRM("testdata/sysfs/amdgpu")
	card := cardsOf(t, "amdgpu")[0]
	c := w.Counter(card, drm)
	require.Equal(t, "amdpow", c.Code)
	value, err := c.Read()
	require.NoError(t, err)
	require.Zero(t, value)
	require.Equal(t, "nvml", w.Counter(cool("a"), drm).Code)
}

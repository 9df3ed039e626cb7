package device

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cool is a card in good health.
func cool(id string) Card {
	s := NoState("not here")
	s.Temperature, s.Slowdown, s.Energy, s.Uncorrected = Measured(60_000), Measured(90_000), Measured(1000), Measured(0)
	return Card{GPU: GPU{UUID: id, Model: "Card"}, Source: "nvml", Vulkan: plainUUID(id), State: s}
}

// ailmentOf returns why a card must not be used, or "".
func ailmentOf(h *health, id string) string {
	for _, c := range h.cards() {
		if c.UUID == id && c.Ailment != nil {
			return c.Ailment.Error()
		}
	}
	return ""
}

func TestAFatalXIDLastsUntilTheDriverIsReloaded(t *testing.T) {
	now := time.Unix(0, 0)
	for name, reload := range map[string]func(h *health){
		"its counter begins again": func(h *health) {
			card := cool("a")
			card.State.Energy = Measured(5)
			h.observe(now, "1", []Card{card}, nil)
		},
		"the kernel has loaded another driver": func(h *health) { h.observe(now, "2", []Card{cool("a")}, nil) },
		"the card was gone": func(h *health) {
			h.observe(now, "1", nil, nil)
			require.Contains(t, ailmentOf(h, "a"), "gone")
			h.observe(now, "1", []Card{cool("a")}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHealth()
			h.observe(now, "1", []Card{cool("a"), cool("b")}, nil)
			h.xid("a", 31)
			h.xid("a", 13)
			require.Empty(t, ailmentOf(h, "a"), "a program can cause these")
			h.xid("a", 48)
			require.Contains(t, ailmentOf(h, "a"), "XID 48")
			require.Contains(t, ailmentOf(h, "a"), "reset the card")
			require.Empty(t, ailmentOf(h, "b"))
			require.True(t, h.ill())
			h.observe(now, "1", []Card{cool("a"), cool("b")}, nil)
			require.Contains(t, ailmentOf(h, "a"), "XID 48", "nothing was reset")
			reload(h)
			require.Empty(t, ailmentOf(h, "a"))
		})
	}
}

func TestEveryFatalXIDHasACure(t *testing.T) {
	fatal := 0
	for number := range uint64(1000) {
		rule, is := fatalXID(number)
		if !is {
			continue
		}
		fatal++
		require.NotEmpty(t, rule.what)
		require.NotEmpty(t, rule.cure)
	}
	require.Equal(t, 12, fatal)
}

func TestAnXIDOfACardThatWasNotSeenCounts(t *testing.T) {
	h := newHealth()
	h.xid("new", 79)
	require.Contains(t, ailmentOf(h, "new"), "fallen off the bus")
	require.Contains(t, ailmentOf(h, "new"), "off and on")
}

func TestErrorsOfTheMemoryMakeACardIll(t *testing.T) {
	h := newHealth()
	card := cool("a")
	card.State.Uncorrected = Measured(1)
	h.observe(time.Unix(0, 0), "", []Card{card}, nil)
	require.Contains(t, ailmentOf(h, "a"), "1 errors")
	require.True(t, h.ill())
	h.observe(time.Unix(1, 0), "", []Card{cool("a")}, nil)
	require.Empty(t, ailmentOf(h, "a"))
	card.State.Uncorrected = NotMeasured("no ECC")
	h.observe(time.Unix(2, 0), "", []Card{card}, nil)
	require.Empty(t, ailmentOf(h, "a"), "a card without ECC is not ill")
}

func TestACardIsIllAfterItWasTooHotForLong(t *testing.T) {
	h := newHealth()
	at := time.Unix(0, 0)
	see := func(after time.Duration, celsius int64) string {
		at = at.Add(after)
		card := cool("a")
		card.State.Temperature = Measured(celsius * 1000)
		h.observe(at, "", []Card{card}, nil)
		return ailmentOf(h, "a")
	}
	require.Empty(t, see(0, 95))
	require.Empty(t, see(50*time.Second, 95))
	require.Empty(t, see(time.Second, 89), "it cooled down in time")
	require.Empty(t, see(time.Second, 90))
	require.Empty(t, see(59*time.Second, 91))
	require.Contains(t, see(time.Second, 91), "91 °C")
	require.False(t, h.ill(), "heat does not need a reset")
	require.NotEmpty(t, see(time.Second, 87), "it is not used again at once")
	require.Empty(t, see(time.Second, 85))
	require.Empty(t, see(time.Second, 95), "the time begins again")
}

func TestLostCardsAndSilentDriversAreIll(t *testing.T) {
	h := newHealth()
	now := time.Unix(0, 0)
	h.observe(now, "", []Card{cool("a"), cool("b")}, nil)
	lost := cool("a")
	lost.State = lostState("GPU is lost")
	h.observe(now, "", []Card{lost, cool("b")}, nil)
	require.Contains(t, ailmentOf(h, "a"), "GPU is lost")
	require.Empty(t, ailmentOf(h, "b"))
	h.observe(now, "", nil, errors.New("no answer"))
	require.Contains(t, ailmentOf(h, "b"), "no answer")
	h.xid("a", 48)
	h.observe(now, "", []Card{cool("b")}, errors.New("graphics processor 0 cannot be opened"))
	require.Contains(t, ailmentOf(h, "a"), "cannot be opened")
	h.observe(now, "", []Card{cool("a"), cool("b")}, nil)
	require.Contains(t, ailmentOf(h, "a"), "XID 48", "a card that could not be read was not reset")
	h.observe(now, "2", []Card{cool("a"), cool("b")}, nil)
	h.observe(now, "3", []Card{cool("a"), cool("b")}, errors.New("a third one cannot be opened"))
	require.Empty(t, ailmentOf(h, "a"))
	require.Empty(t, ailmentOf(h, "b"))
}

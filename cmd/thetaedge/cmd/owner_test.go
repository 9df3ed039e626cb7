package cmd

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
)

// patience bounds the time for which a test waits for something that happens within milliseconds.
const patience = 20 * time.Second

// homeWithRules returns a node whose owner has rules.
func homeWithRules(t *testing.T, change func(*config.Owner)) *node {
	t.Helper()
	n := &node{home: t.TempDir(), config: config.Default()}
	change(&n.config.Owner)
	return n
}

// TestAPauseByHandLastsWhateverTheRulesSay and is named first.
func TestAPauseByHandLastsWhateverTheRulesSay(t *testing.T) {
	never := time.Now().AddDate(0, 0, 3).Weekday().String()[:3]
	for name, c := range map[string]struct {
		change            func(*config.Owner)
		paused, suspended bool
	}{
		"no rules":             {func(*config.Owner) {}, false, false},
		"rules that pause":     {func(o *config.Owner) { o.Hours = []string{never} }, true, false},
		"rules that suspend":   {func(o *config.Owner) { o.Hours, o.Suspend = []string{never}, []string{"hours"} }, true, true},
		"rules that are kept":  {func(o *config.Owner) { o.Hours = []string{"sun-sat"} }, false, false},
		"rules about the disk": {func(o *config.Owner) { o.FreeDisk = 1 << 60 }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := homeWithRules(t, c.change)
			b, err := newBrake(n, newCards(nil), slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			look := func() {
				// On a slow machine, a sensor may miss its limit in a look.
				require.Eventually(t, func() bool {
					b.watcher().Look(t.Context())
					return len(b.watcher().Decision().Blind) == 0
				}, patience, time.Millisecond)
			}
			look()
			require.Equal(t, c.paused, b.paused())
			require.Equal(t, c.suspended, b.suspended())
			require.Equal(t, c.paused, len(b.decision().Reasons) > 0)
			for _, suspend := range []bool{false, true} {
				require.NoError(t, pause(n.home, suspend))
				look()
				require.True(t, b.paused())
				require.Equal(t, c.suspended || suspend, b.suspended())
				d := b.decision()
				require.Equal(t, manualRule, d.Reasons[0].Rule)
				require.Equal(t, suspend, d.Reasons[0].Action == owner.Suspend)
				require.False(t, d.Reasons[0].Since.IsZero())
				require.Equal(t, c.suspended || suspend, d.Action == owner.Suspend)
			}
		})
	}
}

// TestTheRulesWaitForTheFirstLookAtTheCards: before it, the rules about cards would see nothing.
func TestTheRulesWaitForTheFirstLookAtTheCards(t *testing.T) {
	c := newCards(nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c.await(ended)
	select {
	case <-c.looked:
		t.Fatal("the cards have not been looked at yet")
	default:
	}
	for range 2 {
		c.watch.Look(t.Context())
		c.await(t.Context())
	}
	require.NoError(t, c.watch.Close())
}

// TestDoctorNotesAMachineThatAPersonUsesAndThatHasNoRules: a machine without a screen needs none.
func TestDoctorNotesAMachineThatAPersonUsesAndThatHasNoRules(t *testing.T) {
	n := homeWithRules(t, func(*config.Owner) {})
	t.Setenv("DISPLAY", ":99")
	var out bytes.Buffer
	r := &report{out: &out}
	checkRules(t.Context(), r, n)
	require.Contains(t, out.String(), "note     rules        none, and this machine has a screen")
	require.Contains(t, out.String(), "thetaedge settings desktop --home "+n.home)
	require.Zero(t, r.failed)
}

func TestDoctorSaysWhatTheRulesSee(t *testing.T) {
	for want, change := range map[string]func(*config.Owner){
		"ok       rules        [free-disk]":  func(o *config.Owner) { o.FreeDisk = 1 },
		"warn     rules        the disk has": func(o *config.Owner) { o.FreeDisk = 1 << 60 },
		"MISSING  rules        owner.cpu":    func(o *config.Owner) { o.CPU = "0%" },
	} {
		n := homeWithRules(t, change)
		require.Eventually(t, func() bool {
			var out bytes.Buffer
			checkRules(t.Context(), &report{out: &out}, n)
			return strings.Contains(out.String(), want)
		}, patience, time.Millisecond, want)
	}
}

func TestStatusNamesFirstWhatHoldsTheMachineBack(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printStatus(&out, &sidecarv1.StatusResponse{
		Mode: "suspended",
		Pauses: []*sidecarv1.PauseReason{
			{Rule: "processes", Action: "suspend", Sentence: "vlc\n\x1b[2J runs", Cure: "end it", Since: timestamppb.Now()},
			{Rule: "hours", Action: "pause", Sentence: "it is late", Cure: "wait"},
		},
		BlindRules: []*sidecarv1.BlindRule{{Rule: "idle", Why: "no screen"}}, PausesUntil: timestamppb.Now(),
	}))
	lines := strings.Split(out.String(), "\n")
	require.Regexp(t, `^suspended +vlc \[2J runs since .*; to go on: end it \(rule processes\)$`, lines[0])
	require.Regexp(t, `^paused +it is late; to go on: wait \(rule hours\)$`, lines[1])
	require.Regexp(t, `^goes on +20`, lines[2])
	require.Regexp(t, `^not seen +owner.idle: no screen$`, lines[3])
	require.Regexp(t, `^mode +suspended; programs go on when its owner's rules allow it`, lines[4])
}

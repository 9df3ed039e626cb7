package owner

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// noon is a Wednesday.
func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

func policyOf(t require.TestingT, change func(*Settings)) *Policy {
	s := Settings{Suspend: DefaultSuspend()}
	change(&s)
	p, err := Parse(s)
	require.NoError(t, err)
	return p
}

// idleFor is what a desktop says.
func idleFor(d time.Duration) Reading[Activity] {
	return Seen(Activity{Idle: d, Source: "X11"})
}

// ruleCase is a rule with readings that break it, that keep it with its margin, and that are
// between, where what was the case goes on.
type ruleCase struct {
	rule                  Rule
	set                   func(*Settings)
	breaks, keeps, within func(*Readings)
	action                Action
	says                  string
}

func percent(where func(*Readings) *Reading[float64], value float64) func(*Readings) {
	return func(r *Readings) { *where(r) = Seen(value) }
}

func ruleCases() []ruleCase {
	cpu := func(r *Readings) *Reading[float64] { return &r.CPU }
	gpu := func(r *Readings) *Reading[float64] { return &r.GPU }
	hot := func(r *Readings) *Reading[float64] { return &r.CPUTemperature }
	hotCard := func(r *Readings) *Reading[float64] { return &r.GPUTemperature }
	watts := func(r *Readings) *Reading[float64] { return &r.Watts }
	fan := func(r *Readings) *Reading[float64] { return &r.Fan }
	return []ruleCase{
		{Idle, func(s *Settings) { s.Idle = "10m" }, func(r *Readings) { r.Idle = idleFor(time.Second) }, func(r *Readings) { r.Idle = idleFor(10 * time.Minute) }, nil, Suspend, "was used 1s ago (X11), and owner.idle is 10m0s"},
		{Idle, func(s *Settings) { s.Idle = "10m" }, func(r *Readings) { r.Idle = Seen(Activity{Source: "logind", Coarse: true}) }, func(r *Readings) { r.Idle = idleFor(time.Hour) }, nil, Suspend, "logind says that the machine is in use"},
		{FullScreen, func(s *Settings) { s.FullScreen = true }, func(r *Readings) { r.FullScreen = Seen("Chess") }, func(r *Readings) { r.FullScreen = Seen("") }, nil, Suspend, "Chess fills the screen"},
		{Processes, func(s *Settings) { s.Processes = []string{"vlc", "Steam_App_*"} }, func(r *Readings) { r.Programs = Seen([]string{"bash", "steam_app_12"}) }, func(r *Readings) { r.Programs = Seen([]string{"bash"}) }, nil, Suspend, `steam_app_12 runs, which "steam_app_*" of owner.processes names`},
		{CPU, func(s *Settings) { s.CPU = "30%" }, percent(cpu, 31), percent(cpu, 24), percent(cpu, 26), Suspend, "other programs use 31% of the processors, and owner.cpu is 30%"},
		{GPU, func(s *Settings) { s.GPU = "20" }, percent(gpu, 50), percent(gpu, 16), percent(gpu, 17), Suspend, "other programs use 50% of a graphics card"},
		{CPUTemperature, func(s *Settings) { s.CPUTemperature = "80C" }, percent(hot, 80.5), percent(hot, 75), percent(hot, 78), Suspend, "the processor has 80 °C, and owner.cpu-temperature is 80 °C"},
		{GPUTemperature, func(s *Settings) { s.GPUTemperature = "80 C" }, percent(hotCard, 95), percent(hotCard, 75), percent(hotCard, 78), Suspend, "a graphics card has 95 °C"},
		{Watts, func(s *Settings) { s.Watts = "200W" }, percent(watts, 201), percent(watts, 180), percent(watts, 190), Suspend, "take 201 W"},
		{Fan, func(s *Settings) { s.Fan = "50%" }, percent(fan, 60), percent(fan, 45), percent(fan, 47), Suspend, "a fan turns at 60% of its speed"},
		{Battery, func(s *Settings) { s.Battery = true }, func(r *Readings) { r.Power = Seen(Power{Battery: true, Has: true, Charge: 90}) }, func(r *Readings) { r.Power = Seen(Power{Has: true, Charge: 90}) }, nil, Suspend, "runs on its battery"},
		{Charge, func(s *Settings) { s.Charge = "50%" }, func(r *Readings) { r.Power = Seen(Power{Has: true, Charge: 49}) }, func(r *Readings) { r.Power = Seen(Power{Has: true, Charge: 55}) }, func(r *Readings) { r.Power = Seen(Power{Has: true, Charge: 52}) }, Suspend, "the battery has 49%, and owner.charge is 50%"},
		{Metered, func(s *Settings) { s.Metered = true }, func(r *Readings) { r.Metered = Seen(true) }, func(r *Readings) { r.Metered = Seen(false) }, nil, Pause, "costs money"},
		{FreeDisk, func(s *Settings) { s.FreeDisk = 20 << 30 }, func(r *Readings) { r.FreeDisk = Seen(uint64(19 << 30)) }, func(r *Readings) { r.FreeDisk = Seen(uint64(22 << 30)) }, func(r *Readings) { r.FreeDisk = Seen(uint64(20<<30 + 1)) }, Pause, "the disk has 19.0 GiB left, and owner.free-disk is 20.0 GiB"},
	}
}

// TestEachRuleHoldsTheMachineBackUntilItIsKeptWithAMargin walks every rule through being kept,
// between its two thresholds, broken, between them again, and kept again.
func TestEachRuleHoldsTheMachineBackUntilItIsKeptWithAMargin(t *testing.T) {
	tested := map[Rule]bool{Hours: true}
	for i, c := range ruleCases() {
		tested[c.rule] = true
		t.Run(fmt.Sprintf("%d %s", i, c.rule), func(t *testing.T) {
			p, now, course := policyOf(t, c.set), noon(), Course{}
			step := func(reads func(*Readings), after time.Duration) Decision {
				var r Readings
				reads(&r)
				now = now.Add(after)
				var d Decision
				d, course = p.Decide(course, r, now)
				return d
			}
			if c.within == nil {
				c.within = c.breaks
			} else {
				require.Equal(t, Allow, step(c.within, 0).Action, "it was not broken before")
			}
			require.Equal(t, Allow, step(c.keeps, time.Second).Action)
			d := step(c.breaks, time.Second)
			began := now
			require.Equal(t, c.action, d.Action)
			require.Len(t, d.Reasons, 1)
			require.Equal(t, c.rule, d.Reasons[0].Rule)
			require.Contains(t, d.Reasons[0].Sentence, c.says)
			require.NotEmpty(t, d.Reasons[0].Cure)
			require.Equal(t, began, d.Reasons[0].Since)
			d = step(c.within, 2*LeastPause)
			require.Equal(t, c.action, d.Action, "a margin is missing")
			require.Equal(t, began, d.Reasons[0].Since)
			require.Equal(t, Allow, step(c.keeps, time.Second).Action)
			require.Equal(t, c.action, step(c.breaks, time.Second).Action)
			d = step(c.keeps, LeastPause-2*time.Second)
			require.Equal(t, c.action, d.Action, "a pause lasts for a while")
			require.Contains(t, d.Reasons[0].Sentence, " (until a moment ago)")
			require.Equal(t, d.Reasons[0].Since.Add(LeastPause), d.Until)
			require.Equal(t, d, step(c.keeps, time.Second))
			require.Equal(t, Allow, step(c.keeps, time.Second).Action)
		})
	}
	for _, rule := range AllRules() {
		require.True(t, tested[rule], "rule %s needs a case", rule)
	}
}

func TestOutsideOfItsHoursTheMachineDoesNotWork(t *testing.T) {
	p := policyOf(t, func(s *Settings) { s.Hours, s.WindDown = []string{"20:00-08:00"}, "5m" })
	d, course := p.Decide(Course{}, Readings{}, noon())
	require.Equal(t, Pause, d.Action)
	require.Contains(t, d.Reasons[0].Cure, "Wed 20:00")
	require.Equal(t, noon().Add(8*time.Hour), d.Until)
	d, course = p.Decide(course, Readings{}, noon().Add(8*time.Hour))
	require.Equal(t, Allow, d.Action)
	d, _ = p.Decide(course, Readings{}, noon().Add(20*time.Hour-5*time.Minute))
	require.Equal(t, Pause, d.Action)
	require.Contains(t, d.Reasons[0].Sentence, "end at Thu 08:00")
	suspending := policyOf(t, func(s *Settings) {
		s.Hours, s.WindDown, s.Suspend = []string{"20:00-08:00"}, "5m", []string{"hours"}
	})
	d, course = suspending.Decide(Course{}, Readings{}, noon().Add(20*time.Hour-time.Minute))
	require.Equal(t, Pause, d.Action, "what runs may end")
	d, _ = suspending.Decide(course, Readings{}, noon().Add(20*time.Hour))
	require.Equal(t, Suspend, d.Action)
}

func TestWhatIsNotSeenDoesNotHoldTheMachineBackUnlessItIsStrict(t *testing.T) {
	for i, c := range ruleCases() {
		d, _ := policyOf(t, c.set).Decide(Course{}, Readings{}, noon())
		require.Equal(t, Allow, d.Action, i)
		require.Equal(t, []Blind{{c.rule, "this machine has no sensor for it"}}, d.Blind)
		strict := policyOf(t, func(s *Settings) { c.set(s); s.Strict = true })
		d, _ = strict.Decide(Course{}, Readings{}, noon())
		require.Equal(t, c.action, d.Action, i)
		require.Contains(t, d.Reasons[0].Sentence, "not seen whether owner."+string(c.rule))
		require.Len(t, d.Blind, 1)
	}
}

func TestTheNameOfAProgramIsShownInOneShortLine(t *testing.T) {
	p := policyOf(t, func(s *Settings) { s.Processes, s.FullScreen = []string{"*game*"}, true })
	for _, name := range []string{"game\x1b[2J\nowner.idle is kept", "game\r\u202e", "game" + strings.Repeat("x", 60_000), "game\xff"} {
		d, _ := p.Decide(Course{}, Readings{Programs: Seen([]string{name}), FullScreen: Seen(name)}, noon())
		require.Len(t, d.Reasons, 2)
		for _, reason := range d.Reasons {
			require.NotRegexp(t, `[\x00-\x1f\x{202e}]`, reason.Sentence)
			require.Less(t, len(reason.Sentence), 200)
			require.True(t, utf8.ValidString(reason.Sentence), "the status is a message of protobuf")
		}
	}
	require.Equal(t, "a program without a name", shownName("\n"))
}

func TestTheStrictestReasonComesFirst(t *testing.T) {
	p := policyOf(t, func(s *Settings) { s.Metered, s.Battery = true, true; s.Hours = []string{"20:00-08:00"} })
	d, _ := p.Decide(Course{}, Readings{Metered: Seen(true), Power: Seen(Power{Battery: true, Has: true})}, noon())
	require.Equal(t, []Rule{Battery, Hours, Metered}, d.rules())
	require.Equal(t, Suspend, d.Action)
	require.Zero(t, d.Until, "nothing says when it is plugged in")
	d = d.With(Reason{Rule: "manual", Action: Pause})
	require.Equal(t, Suspend, d.Action)
	require.Equal(t, Rule("manual"), d.Reasons[0].Rule)
}

func TestAClockThatIsPutBackDoesNotEndAPauseEarlyOrLate(t *testing.T) {
	p := policyOf(t, func(s *Settings) { s.Metered = true })
	_, course := p.Decide(Course{}, Readings{Metered: Seen(true)}, noon())
	back := noon().Add(-time.Hour)
	d, course := p.Decide(course, Readings{Metered: Seen(false)}, back)
	require.Equal(t, Pause, d.Action)
	d, _ = p.Decide(course, Readings{Metered: Seen(false)}, back.Add(LeastPause))
	require.Equal(t, Allow, d.Action)
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for says, set := range map[string]func(*Settings){
		"owner.hours: ":                        func(s *Settings) { s.Hours = []string{"mon 08:00-08:00"} },
		"owner.idle: expected less than":       func(s *Settings) { s.Hours, s.Idle = []string{"12:00-12:30"}, "30m" },
		"owner.wind-down: expected less than":  func(s *Settings) { s.Hours, s.WindDown = []string{"12:00-12:30"}, "30m" },
		"owner.idle: expected a time from 10s": func(s *Settings) { s.Idle = "0s" },
		"owner.idle: expected a time":          func(s *Settings) { s.Idle = "ten" },
		"owner.wind-down: expected a time":     func(s *Settings) { s.WindDown = "-1m" },
		"owner.cpu: expected 1% to 100%":       func(s *Settings) { s.CPU = "0%" },
		"owner.gpu: expected":                  func(s *Settings) { s.GPU = "1e2" },
		"owner.cpu-temperature: expected 30C":  func(s *Settings) { s.CPUTemperature = "0C" },
		"owner.gpu-temperature: expected":      func(s *Settings) { s.GPUTemperature = "80F" },
		"owner.watts: expected":                func(s *Settings) { s.Watts = "-5" },
		"owner.fan: expected":                  func(s *Settings) { s.Fan = "NaN" },
		"owner.charge: expected 1% to 95%":     func(s *Settings) { s.Charge = "100%" },
		"every program has":                    func(s *Settings) { s.Processes = []string{"**"} },
		"without its folder":                   func(s *Settings) { s.Processes = []string{"/usr/bin/vlc"} },
		"found \"[\"":                          func(s *Settings) { s.Processes = []string{"["} },
		"at most 256 names":                    func(s *Settings) { s.Processes = strings.Split(strings.Repeat("a ", 300), " ") },
		"owner.suspend: expected names":        func(s *Settings) { s.Suspend = []string{"moon"} },
	} {
		var s Settings
		set(&s)
		_, err := Parse(s)
		require.ErrorContains(t, err, says)
	}
	_, err := Parse(Settings{CPU: "0", Fan: "0"})
	require.ErrorContains(t, err, "owner.cpu")
	require.ErrorContains(t, err, "owner.fan", "everything that is wrong is said at once")
	p, err := Parse(Settings{WindDown: "5m", Suspend: DefaultSuspend()})
	require.NoError(t, err)
	require.True(t, p.Empty())
}

// TestASensorThatMissesALookDoesNotLetWorkRun: a game that fills the machine makes sensors late too.
func TestASensorThatMissesALookDoesNotLetWorkRun(t *testing.T) {
	p := policyOf(t, func(s *Settings) { s.Processes = []string{"game"} })
	plays, late := Readings{Programs: Seen([]string{"game"})}, Readings{Programs: Unseen[[]string]("it is late")}
	now, course := noon(), Course{}
	var d Decision
	for range 90 {
		d, course = p.Decide(course, plays, now)
		require.Equal(t, Suspend, d.Action)
		now = now.Add(LookEvery)
	}
	d, course = p.Decide(course, late, now)
	require.Equal(t, Suspend, d.Action, "the game has not been seen to end")
	require.Contains(t, d.Reasons[0].Cure, "sensor")
	require.Len(t, d.Blind, 1)
	seen := now.Add(-LookEvery)
	require.Equal(t, seen.Add(LeastPause), d.Until)
	d, _ = p.Decide(course, late, seen.Add(LeastPause))
	require.Equal(t, Allow, d.Action, "a sensor that is gone holds nothing back unless owner.strict is set")
	d, _ = p.Decide(course, Readings{Programs: Seen([]string{"editor"})}, now)
	require.Equal(t, Allow, d.Action, "it is seen that the game has ended")
}

// TestNothingRunsWhileARuleForbidsIt: for any sequence of readings, the decision is at least as
// strict as each broken rule asks, no pause ends before a minute, and nothing is held back without a
// broken or unseen rule within the last minute.
func TestNothingRunsWhileARuleForbidsIt(t *testing.T) {
	cases := ruleCases()
	rapid.Check(t, func(t *rapid.T) {
		var on []ruleCase
		names := map[Rule]bool{}
		p := policyOf(t, func(s *Settings) {
			s.Suspend, s.Strict = nil, rapid.Bool().Draw(t, "strict")
			for i, c := range cases {
				if names[c.rule] || !rapid.Bool().Draw(t, fmt.Sprint("rule ", i)) {
					continue
				}
				names[c.rule] = true
				c.set(s)
				c.action = Pause
				if rapid.Bool().Draw(t, fmt.Sprint("suspends ", i)) {
					c.action = Suspend
					s.Suspend = append(s.Suspend, string(c.rule))
				}
				on = append(on, c)
			}
		})
		course, now := Course{}, noon()
		last := map[Rule]time.Time{}
		began := map[Rule]time.Time{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			least := Allow
			broken, blind := map[Rule]bool{}, map[Rule]bool{}
			var r Readings
			for _, c := range on {
				if (c.rule == Battery || c.rule == Charge) && names[Battery] && names[Charge] {
					continue // they share a reading
				}
				switch rapid.IntRange(0, 2).Draw(t, string(c.rule)) {
				case 0:
					c.breaks(&r)
					broken[c.rule], least = true, max(least, c.action)
				case 1:
					c.keeps(&r)
				case 2:
					blind[c.rule] = true
					if p.strict {
						broken[c.rule], least = true, max(least, c.action)
					}
				}
			}
			var d Decision
			d, course = p.Decide(course, r, now)
			require.GreaterOrEqual(t, d.Action, least)
			held := map[Rule]bool{}
			for _, reason := range d.Reasons {
				held[reason.Rule] = true
				require.LessOrEqual(t, reason.Action, d.Action)
				require.NotEmpty(t, reason.Sentence)
				require.False(t, reason.Since.After(now))
			}
			for _, c := range on {
				if (c.rule == Battery || c.rule == Charge) && names[Battery] && names[Charge] {
					continue
				}
				if broken[c.rule] {
					require.True(t, held[c.rule])
					last[c.rule] = now
					if began[c.rule].IsZero() {
						began[c.rule] = now
					}
				}
				if !held[c.rule] {
					require.True(t, began[c.rule].IsZero() || now.Sub(began[c.rule]) >= LeastPause, "a pause of %s is short", c.rule)
					began[c.rule] = time.Time{}
				}
				from := began[c.rule]
				if blind[c.rule] {
					from = last[c.rule]
					require.True(t, held[c.rule] || began[c.rule].IsZero() || now.Sub(from) >= LeastPause, "%s has not been seen to be kept", c.rule)
				}
				require.True(t, !held[c.rule] || broken[c.rule] || now.Sub(from) < LeastPause, "%s holds back for nothing", c.rule)
			}
		}
	})
}

func TestNumbersThatNoSensorShowsAreNotBelieved(t *testing.T) {
	check := within(-60, 150, "°C")
	for _, value := range []float64{math.NaN(), math.Inf(1), -273, 65535} {
		require.ErrorContains(t, check(value), "not believed")
	}
	require.NoError(t, check(30))
	require.Error(t, believable(Activity{Idle: -1}))
	require.Error(t, believablePower(Power{Has: true, Charge: 250}))
	require.NoError(t, believablePower(Power{}))
}

package owner

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is the name of a rule, which is the name of its setting.
type Rule string

// These are the rules, in the order in which they are named to the owner.
const (
	Hours          Rule = "hours"
	Idle           Rule = "idle"
	FullScreen     Rule = "full-screen"
	Processes      Rule = "processes"
	CPU            Rule = "cpu"
	GPU            Rule = "gpu"
	CPUTemperature Rule = "cpu-temperature"
	GPUTemperature Rule = "gpu-temperature"
	Watts          Rule = "watts"
	Fan            Rule = "fan"
	Battery        Rule = "battery"
	Charge         Rule = "charge"
	Metered        Rule = "metered"
	FreeDisk       Rule = "free-disk"
)

// AllRules returns all rules.
func AllRules() []Rule {
	return []Rule{
		Hours, Idle, FullScreen, Processes, CPU, GPU, CPUTemperature, GPUTemperature, Watts, Fan, Battery, Charge, Metered, FreeDisk,
	}
}

// DefaultSuspend returns the rules that suspend programs unless the owner says otherwise: those
// after which the owner notices each further second.
func DefaultSuspend() []string {
	return []string{
		string(Idle), string(FullScreen), string(Processes), string(CPU), string(GPU), string(CPUTemperature),
		string(GPUTemperature), string(Watts), string(Fan), string(Battery), string(Charge),
	}
}

// Settings is the rules as the owner writes them. An empty text or list, false and 0 switch a rule
// off.
type Settings struct {
	// Hours contains the times in which the machine may work, in local time, such as
	// "mon-fri 20:00-08:00".
	Hours []string
	// WindDown is the time before the end of the hours in which no new work is claimed, such as
	// "5m".
	WindDown string
	// Idle is the time without keyboard and mouse after which the machine may work, such as "10m".
	Idle string
	// FullScreen holds the machine back while a program fills the screen.
	FullScreen bool
	// Processes contains names of programs, with * and ?, that hold the machine back while they run.
	Processes []string
	// CPU and GPU are the largest loads by other programs, such as "30%".
	CPU, GPU string
	// CPUTemperature and GPUTemperature are the highest temperatures, such as "85C".
	CPUTemperature, GPUTemperature string
	// Watts is the largest power, such as "200W", and Fan the fastest fan, such as "80%".
	Watts, Fan string
	// Battery holds the machine back while it runs on its battery, and Charge while the battery has
	// less than this, such as "50%".
	Battery bool
	Charge  string
	// Metered holds the machine back while data over the network costs money.
	Metered bool
	// FreeDisk is the least free space on the disk of the home, in bytes.
	FreeDisk uint64
	// Suspend contains the rules that suspend programs. The others only pause.
	Suspend []string
	// Strict holds the machine back while the sensor of a rule sees nothing.
	Strict bool
}

// Bounds of settings.
const (
	leastIdle, mostIdle = 10 * time.Second, 24 * time.Hour
	mostWindDown        = 12 * time.Hour
	mostProcesses       = 256
	mostPattern         = 128
)

// Parse checks settings and returns the policy. The error names every setting that cannot work.
func Parse(s Settings) (*Policy, error) {
	b := builder{settings: s}
	b.suspending()
	b.addHours()
	b.addIdle()
	b.addScreen()
	b.addLimits()
	b.addPower()
	if s.Metered {
		b.add(Metered, judgeMetered)
	}
	if s.FreeDisk > 0 {
		b.add(FreeDisk, judgeFreeDisk(s.FreeDisk))
	}
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	return &Policy{rules: b.rules, strict: s.Strict}, nil
}

// builder collects rules and what is wrong with settings.
type builder struct {
	settings Settings
	suspend  map[Rule]bool
	open     *hours
	rules    []judged
	errs     []error
}

func (b *builder) wrong(setting, format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("owner.%s: %w", setting, fmt.Errorf(format, args...)))
}

func (b *builder) add(rule Rule, j judge) {
	action := Pause
	if b.suspend[rule] {
		action = Suspend
	}
	b.rules = append(b.rules, judged{rule, action, j})
}

func (b *builder) suspending() {
	b.suspend = map[Rule]bool{}
	for _, name := range b.settings.Suspend {
		if !slices.Contains(AllRules(), Rule(name)) {
			b.wrong("suspend", "expected names of rules out of %v, found %.60q", AllRules(), name)
		}
		b.suspend[Rule(name)] = true
	}
}

func (b *builder) addHours() {
	windDown, set, err := parseTime(b.settings.WindDown, 0, mostWindDown)
	if err != nil {
		b.wrong("wind-down", "%w", err)
		return
	}
	open, err := parseHours(b.settings.Hours)
	switch {
	case err != nil:
		b.wrong("hours", "%w", err)
	case open == nil:
	case set && windDown >= open.longest():
		b.wrong("wind-down", "expected less than the longest span of owner.hours, %s, found %s: it would leave no time to work", open.longest(), windDown)
	default:
		b.open = open
		b.add(Hours, judgeHours(open, windDown))
	}
}

func (b *builder) addIdle() {
	least, set, err := parseTime(b.settings.Idle, leastIdle, mostIdle)
	switch {
	case err != nil:
		b.wrong("idle", "%w", err)
	case !set:
	case b.open != nil && least >= b.open.longest():
		b.wrong("idle", "expected less than the longest span of owner.hours, %s, found %s", b.open.longest(), least)
	default:
		b.add(Idle, judgeIdle(least))
	}
}

func (b *builder) addScreen() {
	if b.settings.FullScreen {
		b.add(FullScreen, judgeFullScreen)
	}
	if len(b.settings.Processes) == 0 {
		return
	}
	if len(b.settings.Processes) > mostProcesses {
		b.wrong("processes", "expected at most %d names, found %d", mostProcesses, len(b.settings.Processes))
		return
	}
	patterns := make([]string, len(b.settings.Processes))
	for i, text := range b.settings.Processes {
		pattern := strings.ToLower(strings.TrimSpace(text))
		_, err := path.Match(pattern, "x")
		switch {
		case err != nil || pattern == "" || len(pattern) > mostPattern || strings.ContainsAny(pattern, "/\\"):
			b.wrong("processes", "expected the name of a program without its folder, such as \"steam_app_*\", found %.60q", text)
		case strings.Trim(pattern, "*") == "":
			b.wrong("processes", "expected the name of a program, found %.60q, which every program has: nothing would ever run", text)
		}
		patterns[i] = pattern
	}
	b.add(Processes, judgeProcesses(patterns))
}

// addLimits adds the rules that bound a number.
func (b *builder) addLimits() {
	for _, l := range []struct {
		text        string
		least, most float64
		limit       limit
	}{
		{b.settings.CPU, 1, 100, limit{rule: CPU, unit: "%", what: "other programs use %s of the processors", margin: 0.2, read: func(r *Readings) Reading[float64] { return r.CPU }}},
		{b.settings.GPU, 1, 100, limit{rule: GPU, unit: "%", what: "other programs use %s of a graphics card", margin: 0.2, read: func(r *Readings) Reading[float64] { return r.GPU }}},
		{b.settings.CPUTemperature, 30, 110, limit{rule: CPUTemperature, unit: "C", what: "the processor has %s", margin: 0.06, read: func(r *Readings) Reading[float64] { return r.CPUTemperature }}},
		{b.settings.GPUTemperature, 30, 110, limit{rule: GPUTemperature, unit: "C", what: "a graphics card has %s", margin: 0.06, read: func(r *Readings) Reading[float64] { return r.GPUTemperature }}},
		{b.settings.Watts, 5, 100_000, limit{rule: Watts, unit: "W", what: "processors and graphics cards take %s", margin: 0.1, read: func(r *Readings) Reading[float64] { return r.Watts }}},
		{b.settings.Fan, 1, 100, limit{rule: Fan, unit: "%", what: "a fan turns at %s of its speed", margin: 0.1, read: func(r *Readings) Reading[float64] { return r.Fan }}},
	} {
		most, set, err := parseAmount(l.text, l.limit.unit, l.least, l.most)
		if err != nil {
			b.wrong(string(l.limit.rule), "%w", err)
		}
		if set && err == nil {
			l.limit.most = most
			b.add(l.limit.rule, l.limit.judge)
		}
	}
}

func (b *builder) addPower() {
	if b.settings.Battery {
		b.add(Battery, judgeBattery)
	}
	least, set, err := parseAmount(b.settings.Charge, "%", 1, 100-chargeMargin)
	if err != nil {
		b.wrong("charge", "%w", err)
	}
	if set && err == nil {
		b.add(Charge, judgeCharge(least))
	}
}

// plainNumber matches a decimal number without an exponent or a sign.
var plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$`)

// parseAmount reads a number with an optional unit. set is false for an empty text.
func parseAmount(text, unit string, least, most float64) (amount float64, set bool, err error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return 0, false, nil
	}
	number := strings.TrimSpace(strings.TrimSuffix(trimmed, unit))
	amount, err = strconv.ParseFloat(number, 64)
	if err != nil || !plainNumber.MatchString(number) || amount < least || amount > most {
		return 0, true, fmt.Errorf("expected %g%s to %g%s, or nothing to switch the rule off, found %.60q", least, unit, most, unit, text)
	}
	return amount, true, nil
}

// parseTime reads a duration. set is false for an empty text.
func parseTime(text string, least, most time.Duration) (d time.Duration, set bool, err error) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, false, nil
	}
	d, err = time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return 0, true, fmt.Errorf("expected a time from %s to %s, such as \"10m\", or nothing to switch it off, found %.60q", least, most, text)
	}
	return d, true, nil
}

package owner

import (
	"cmp"
	"slices"
	"time"
)

// LeastPause is the shortest time for which a rule holds the machine back, so that work does not
// start and stop again and again.
const LeastPause = time.Minute

// finding is what one rule finds in readings.
type finding struct {
	// holds reports whether the rule is broken.
	holds bool
	// mild means that the rule asks for no more than a pause.
	mild bool
	// blind says why the rule cannot be judged. It is empty if it can be.
	blind string
	// sentence and cure are meaningful if holds is set.
	sentence, cure string
	// until is the time at which the rule is kept again by itself. It is zero if that is not known.
	until time.Time
}

// judge compares readings with one rule. With held, the rule held the machine back so far: then a
// limit has to be kept with a margin.
type judge func(r *Readings, now time.Time, held bool) finding

// judged is a rule with its name and the action that it asks for.
type judged struct {
	rule   Rule
	action Action
	judge  judge
}

// Policy is the rules of an owner. It does not change, and may be used by several goroutines.
type Policy struct {
	rules  []judged
	strict bool
}

// Empty reports whether there are no rules.
func (p *Policy) Empty() bool { return len(p.rules) == 0 }

// Rules returns the names of the rules that are on.
func (p *Policy) Rules() []Rule {
	names := make([]Rule, len(p.rules))
	for i := range p.rules {
		names[i] = p.rules[i].rule
	}
	return names
}

// Course is which rules have held a machine back so far. Its zero value is a machine that nothing
// has held back.
type Course struct {
	holds []hold
}

// hold is a rule that holds a machine back.
type hold struct {
	rule Rule
	// since is when the rule began to hold the machine back, seen is when it was last broken, and last
	// is what it found then.
	since, seen time.Time
	last        finding
}

// find returns the hold of a rule.
func (c Course) find(rule Rule) (hold, bool) {
	i := slices.IndexFunc(c.holds, func(h hold) bool { return h.rule == rule })
	if i < 0 {
		return hold{}, false
	}
	return c.holds[i], true
}

// Decide compares readings with the rules. It returns the decision, and the course with which the
// next decision has to be made. The hours are those of the time zone of now.
func (p *Policy) Decide(course Course, r Readings, now time.Time) (Decision, Course) {
	var d Decision
	var next Course
	for _, rule := range p.rules {
		before, held := course.find(rule.rule)
		if held && now.Before(before.since) {
			before.since = now // the clock was put back
		}
		if held && now.Before(before.seen) {
			before.seen = now
		}
		found := rule.judge(&r, now, held)
		if found.blind != "" {
			d.Blind = append(d.Blind, Blind{rule.rule, found.blind})
			found.holds = p.strict
			found.sentence = "it is not seen whether owner." + string(rule.rule) + " is kept: " + found.blind
			found.cure = "make the sensor work, switch the rule off, or set owner.strict to false"
		}
		end := before.end(found)
		var shown hold
		switch {
		case found.holds && !held:
			before = hold{rule.rule, now, now, found}
			shown = before
		case found.holds:
			before.last, before.seen = found, now
			shown = before
		case held && now.Before(end):
			before.last.until = end
			shown = before.lasting(end, found)
		default:
			continue
		}
		next.holds = append(next.holds, before)
		d.Reasons = append(d.Reasons, shown.reason(rule.action))
	}
	slices.SortStableFunc(d.Reasons, func(x, y Reason) int { return cmp.Compare(y.Action, x.Action) })
	if len(d.Reasons) > 0 {
		d.Action, d.Until = d.Reasons[0].Action, next.until()
	}
	return d, next
}

// end returns the time until which a hold lasts whose rule is not found to be broken any more. A sensor
// that misses a look, as it does on a busy machine, has not seen that the rule is kept: the hold lasts
// for the least pause from the last time at which the rule was seen to be broken.
func (h hold) end(found finding) time.Time {
	if found.blind != "" {
		return h.seen.Add(LeastPause)
	}
	return h.since.Add(LeastPause)
}

// lasting returns how a hold is shown whose rule is not found to be broken any more, and that lasts
// until an end.
func (h hold) lasting(end time.Time, found finding) hold {
	h.last.sentence += " (until a moment ago)"
	h.last.cure = "wait until " + end.Format(time.TimeOnly) + ", because a pause lasts for at least a minute"
	if found.blind != "" {
		h.last.cure = "wait until " + end.Format(time.TimeOnly) + ", or until the sensor sees something again"
	}
	return h
}

// reason says why a rule holds a machine back.
func (h hold) reason(action Action) Reason {
	if h.last.mild {
		action = min(action, Pause)
	}
	return Reason{Rule: h.rule, Action: action, Sentence: h.last.sentence, Cure: h.last.cure, Since: h.since}
}

// until returns the time at which nothing holds a machine back any more, if that is known.
func (c Course) until() time.Time {
	var latest time.Time
	for _, h := range c.holds {
		end := h.last.until
		if end.IsZero() {
			return time.Time{}
		}
		if least := h.since.Add(LeastPause); end.Before(least) {
			end = least
		}
		if end.After(latest) {
			latest = end
		}
	}
	return latest
}

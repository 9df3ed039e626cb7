package owner

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/thetaedge/theta/blob"
)

const (
	// chargeMargin is how many percent more than the least charge a battery needs before the machine
	// works again.
	chargeMargin = 5
	// diskMargin is the same for free space, as a part of the least space.
	diskMargin = 0.05
	// opensWithin is how far ahead the next opening of the hours is looked for.
	opensWithin = 8 * 24 * time.Hour
	// shownAt is how moments are written for the owner.
	shownAt = "Mon 15:04"
)

func judgeHours(open *hours, windDown time.Duration) judge {
	return func(_ *Readings, now time.Time, _ bool) finding {
		if !open.at(now) {
			next := open.change(now, opensWithin)
			f := finding{
				holds: true, until: next, sentence: "it is outside of owner.hours (" + open.text + ")",
				cure: "wait, or change owner.hours",
			}
			if !next.IsZero() {
				f.cure = "wait until " + next.Format(shownAt) + ", or change owner.hours"
			}
			return f
		}
		if windDown == 0 {
			return finding{}
		}
		end := open.change(now, windDown)
		if end.IsZero() {
			return finding{}
		}
		return finding{
			holds: true, mild: true, sentence: "owner.hours (" + open.text + ") end at " + end.Format(shownAt) + ", within owner.wind-down",
			cure: "wait for the next hours, or shorten owner.wind-down",
		}
	}
}

func judgeIdle(least time.Duration) judge {
	return func(r *Readings, now time.Time, _ bool) finding {
		if !r.Idle.Seen {
			return finding{blind: r.Idle.why()}
		}
		a := r.Idle.Value
		f := finding{holds: a.Idle < least, cure: "leave the machine alone for that long, or shorten owner.idle"}
		if a.Coarse {
			f.sentence = fmt.Sprintf("%s says that the machine is in use, and owner.idle is %s", a.Source, least)
			return f
		}
		f.sentence = fmt.Sprintf("the keyboard or the mouse was used %s ago (%s), and owner.idle is %s", a.Idle.Truncate(time.Second), a.Source, least)
		f.until = now.Add(least - a.Idle)
		return f
	}
}

func judgeFullScreen(r *Readings, _ time.Time, _ bool) finding {
	if !r.FullScreen.Seen {
		return finding{blind: r.FullScreen.why()}
	}
	return finding{
		holds: r.FullScreen.Value != "", sentence: shownName(r.FullScreen.Value) + " fills the screen",
		cure: "leave the full screen, or set owner.full-screen to false",
	}
}

func judgeProcesses(patterns []string) judge {
	return func(r *Readings, _ time.Time, _ bool) finding {
		if !r.Programs.Seen {
			return finding{blind: r.Programs.why()}
		}
		for _, name := range r.Programs.Value {
			for _, pattern := range patterns {
				if matched, err := path.Match(pattern, strings.ToLower(name)); matched && err == nil {
					return finding{
						holds: true, sentence: fmt.Sprintf("%s runs, which %q of owner.processes names", shownName(name), pattern),
						cure: "end it, or change owner.processes",
					}
				}
			}
		}
		return finding{}
	}
}

// shownName returns the name of a program or of a window for people. Any program can give itself any
// name, also one that looks like another line or that moves the cursor of a terminal.
func shownName(name string) string {
	const most = 60
	name = strings.Join(strings.Fields(blob.Printable(name)), " ")
	if short := []rune(name); len(short) > most {
		name = string(short[:most]) + "…"
	}
	if name == "" {
		return "a program without a name"
	}
	return name
}

// limit is a rule that bounds a number.
type limit struct {
	rule Rule
	unit string
	// what says what the number is.
	what string
	// most is the limit. Once it was exceeded, the number has to fall below it by margin, which is a
	// part of it.
	most, margin float64
	read         func(r *Readings) Reading[float64]
}

func (l limit) judge(r *Readings, _ time.Time, held bool) finding {
	now := l.read(r)
	if !now.Seen {
		return finding{blind: now.why()}
	}
	most := l.most
	if held {
		most -= l.most * l.margin
	}
	f := finding{
		holds:    now.Value > most,
		sentence: fmt.Sprintf(l.what, fmt.Sprintf("%.0f%s", now.Value, shownUnit(l.unit))) + fmt.Sprintf(", and owner.%s is %g%s", l.rule, l.most, shownUnit(l.unit)),
		cure:     fmt.Sprintf("wait until it is at most %.0f%s, or raise owner.%s", l.most-l.most*l.margin, shownUnit(l.unit), l.rule),
	}
	return f
}

func shownUnit(unit string) string {
	switch unit {
	case "C":
		return " °C"
	case "W":
		return " W"
	}
	return unit
}

func judgeBattery(r *Readings, _ time.Time, _ bool) finding {
	if !r.Power.Seen {
		return finding{blind: r.Power.why()}
	}
	return finding{
		holds: r.Power.Value.Battery, sentence: "the machine runs on its battery",
		cure: "plug it in, or set owner.battery to false",
	}
}

func judgeCharge(least float64) judge {
	return func(r *Readings, _ time.Time, held bool) finding {
		if !r.Power.Seen {
			return finding{blind: r.Power.why()}
		}
		want := least
		if held {
			want += chargeMargin
		}
		p := r.Power.Value
		return finding{
			holds: p.Has && p.Charge < want, sentence: fmt.Sprintf("the battery has %.0f%%, and owner.charge is %g%%", p.Charge, least),
			cure: fmt.Sprintf("charge it to %g%%, or lower owner.charge", least+chargeMargin),
		}
	}
}

func judgeMetered(r *Readings, _ time.Time, _ bool) finding {
	if !r.Metered.Seen {
		return finding{blind: r.Metered.why()}
	}
	return finding{
		holds: r.Metered.Value, sentence: "data over this network costs money",
		cure: "use another network, tell the system that this one is not metered, or set owner.metered to false",
	}
}

func judgeFreeDisk(least uint64) judge {
	gib := func(bytes float64) string { return fmt.Sprintf("%.1f GiB", bytes/(1<<30)) }
	return func(r *Readings, _ time.Time, held bool) finding {
		if !r.FreeDisk.Seen {
			return finding{blind: r.FreeDisk.why()}
		}
		want := float64(least)
		if held {
			want += diskMargin * float64(least)
		}
		free := float64(r.FreeDisk.Value)
		return finding{
			holds: free < want, sentence: fmt.Sprintf("the disk has %s left, and owner.free-disk is %s", gib(free), gib(float64(least))),
			cure: "make room to " + gib((1+diskMargin)*float64(least)) + ", lower work.cache, or lower owner.free-disk",
		}
	}
}

package owner

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	dayMinutes  = 24 * 60
	weekMinutes = 7 * dayMinutes
	// longestShift is the largest change of local time, in minutes, that a night can bring.
	longestShift = 180
)

// hours are the minutes of a week, from Sunday 00:00 in local time, in which the machine may work.
type hours struct {
	open [weekMinutes]bool
	text string
}

// clockSpan matches a span of a day such as 20:00-08:00.
var clockSpan = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})$`)

// parseHours reads texts such as "mon-fri 20:00-08:00" and "sat,sun". A span that ends before it
// begins ends on the next day. A text without days means every day, and one without a span whole
// days. It returns nil for no texts.
func parseHours(texts []string) (*hours, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	h := &hours{text: strings.Join(texts, "; ")}
	for _, text := range texts {
		if err := h.add(text); err != nil {
			return nil, fmt.Errorf("expected times such as \"mon-fri 20:00-08:00\", \"sat,sun\" or \"22:00-06:00\", found %.60q: %w", text, err)
		}
	}
	return h, nil
}

// add opens the minutes of one text.
func (h *hours) add(text string) error {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	if len(words) == 0 {
		return fmt.Errorf("it names no time; leave it out, or set owner.hours to [] for no limit")
	}
	from, length := 0, dayMinutes
	if last := words[len(words)-1]; strings.Contains(last, ":") {
		var err error
		if from, length, err = parseSpan(last); err != nil {
			return err
		}
		words = words[:len(words)-1]
	}
	var days [7]bool
	for _, word := range words {
		if err := addDays(&days, word); err != nil {
			return err
		}
	}
	for day, named := range days {
		if !named && len(words) > 0 {
			continue
		}
		for minute := range length {
			h.open[(day*dayMinutes+from+minute)%weekMinutes] = true
		}
	}
	return nil
}

// parseSpan returns the first minute of a span of a day, and its length in minutes.
func parseSpan(text string) (from, length int, err error) {
	parts := clockSpan.FindStringSubmatch(text)
	if parts == nil {
		return 0, 0, fmt.Errorf("expected a span such as 20:00-08:00, found %q", text)
	}
	begin, err := parseMinute(parts[1], parts[2])
	if err != nil {
		return 0, 0, err
	}
	end, err := parseMinute(parts[3], parts[4])
	switch {
	case err != nil:
		return 0, 0, err
	case begin == dayMinutes:
		return 0, 0, fmt.Errorf("expected a span that begins before 24:00, found %q; write 00:00 of the next day", text)
	case begin == end:
		return 0, 0, fmt.Errorf("it leaves no time, because it ends when it begins; name only the days for whole days")
	case end < begin:
		end += dayMinutes
	}
	return begin, end - begin, nil
}

// parseMinute returns the minute of the day of a time that is written in hours and minutes.
func parseMinute(hours, minutes string) (int, error) {
	hour, _ := strconv.Atoi(hours)
	minute, _ := strconv.Atoi(minutes)
	at := hour*60 + minute
	if minute > 59 || at > dayMinutes {
		return 0, fmt.Errorf("expected times from 00:00 to 24:00, found %s:%s", hours, minutes)
	}
	return at, nil
}

// addDays adds a day such as "mon", or days such as "fri-mon".
func addDays(days *[7]bool, word string) error {
	first, last, many := strings.Cut(word, "-")
	from, err := parseDay(first)
	if err != nil {
		return err
	}
	to := from
	if many {
		if to, err = parseDay(last); err != nil {
			return err
		}
	}
	for day := from; ; day = (day + 1) % 7 {
		days[day] = true
		if day == to {
			return nil
		}
	}
}

func parseDay(word string) (int, error) {
	for day, name := range [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
		if word == name {
			return day, nil
		}
	}
	return 0, fmt.Errorf("expected one of mon, tue, wed, thu, fri, sat, sun, found %q", word)
}

// minuteOf returns the minute of the week of a moment in its own time zone.
func minuteOf(t time.Time) int {
	return int(t.Weekday())*dayMinutes + t.Hour()*60 + t.Minute()
}

// at reports whether a moment is within the hours. It looks only at what a clock on the wall shows:
// an hour that a change of summer time leaves out does not exist, and one that comes twice counts
// twice.
func (h *hours) at(t time.Time) bool { return h.open[minuteOf(t)] }

// change returns the next moment, within a limit after t, from which the hours are open or closed,
// other than now. It returns the zero time if there is none.
func (h *hours) change(t time.Time, limit time.Duration) time.Time {
	now := h.at(t)
	minute, ahead := minuteOf(t), 1
	for ahead < weekMinutes && h.open[(minute+ahead)%weekMinutes] == now {
		ahead++
	}
	// The clock on the wall may be put forward or back in between, so that the moment is looked for
	// around the one that it names.
	next := t.Truncate(time.Minute)
	next = next.Add(time.Duration(max(1, ahead-longestShift)) * time.Minute)
	for end := t.Add(min(limit, (weekMinutes+dayMinutes)*time.Minute)); !next.After(end); next = next.Add(time.Minute) {
		if h.at(next) != now {
			return next
		}
	}
	return time.Time{}
}

// longest returns the longest time for which the hours are open without a break.
func (h *hours) longest() time.Duration {
	run, most := 0, 0
	for minute := range 2 * weekMinutes {
		if run++; !h.open[minute%weekMinutes] {
			run = 0
		}
		most = max(most, min(run, weekMinutes))
	}
	return time.Duration(most) * time.Minute
}

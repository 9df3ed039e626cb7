package device

import "fmt"

// PowerLimits are the power limits of a card that its driver accepts.
type PowerLimits struct {
	// Least and Most are the bounds of the limit, and Default is the limit that the card has unless its owner has
	// changed it.
	Least   Reading `json:"least_milliwatts"`
	Default Reading `json:"default_milliwatts"`
	Most    Reading `json:"most_milliwatts"`
	// File is the file in which the kernel keeps the limit in microwatts. It is empty if there is none.
	File string `json:"file,omitempty"`
}

const (
	// advisedPercent of its default limit leaves a card most of its speed: the last part of the power
	// buys the least speed, because the voltage rises with the clock. worthPercent is the largest limit
	// that is worth a change.
	advisedPercent = 75
	worthPercent   = 90
	// limitStep is the step of an advised limit, and sameLimit the difference of two limits that count as
	// the same, in milliwatts.
	limitStep = 5_000
	sameLimit = 1_000
)

// noLimits returns limits that are not known.
func noLimits(reason string) PowerLimits {
	r := NotMeasured(reason)
	return PowerLimits{Least: r, Default: r, Most: r}
}

// plausible replaces limits that cannot be true by the reason.
func (l PowerLimits) plausible() PowerLimits {
	l.Least, l.Default, l.Most = l.Least.within(0, mostMilliwattsCap), l.Default.within(1, mostMilliwattsCap), l.Most.within(1, mostMilliwattsCap)
	return l
}

// PowerAdvice is a lower power limit that an owner may want to set. This program never sets one.
type PowerAdvice struct {
	// Now is the present limit and Limit the advised one, in milliwatts.
	Now   int64 `json:"now_milliwatts"`
	Limit int64 `json:"limit_milliwatts"`
	// Command sets the advised limit until the machine is restarted.
	Command string `json:"command"`
}

// PowerAdvice returns an advice, and false if there is none: the limit is not the card's default, is not
// known, or cannot be lowered enough to be worth it.
func (c *Card) PowerAdvice() (PowerAdvice, bool) {
	now, known := c.State.PowerCap.Value()
	usual, hasDefault := c.State.PowerLimits.Default.Value()
	least, bounded := c.State.PowerLimits.Least.Value()
	if !known || !hasDefault || !bounded || now < usual-sameLimit || now > usual+sameLimit {
		return PowerAdvice{}, false
	}
	limit := usual * advisedPercent / 100
	limit -= limit % limitStep
	if limit < least {
		limit = (least + limitStep - 1) / limitStep * limitStep
	}
	if limit <= 0 || limit*100 > usual*worthPercent {
		return PowerAdvice{}, false
	}
	a := PowerAdvice{Now: now, Limit: limit}
	switch {
	case c.Source == "nvml":
		a.Command = fmt.Sprintf("sudo nvidia-smi -i %s -pl %d", c.UUID, limit/1000)
	case c.State.PowerLimits.File != "":
		a.Command = fmt.Sprintf("echo %d | sudo tee %s", limit*1000, c.State.PowerLimits.File)
	default:
		return PowerAdvice{}, false
	}
	return a, true
}

// String returns an advice as a sentence with its command.
func (a PowerAdvice) String() string {
	return fmt.Sprintf("the limit is the default of %d W; at %d W a card usually keeps most of its speed and uses less electricity: %s",
		a.Now/1000, a.Limit/1000, a.Command)
}

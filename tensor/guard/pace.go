package guard

import (
	"time"

	"github.com/thetaedge/theta/tensor"
)

// pace bounds the time of comparisons. A program chooses how many kinds of calls there are, and its
// fuel pays for none of the comparisons.
type pace struct {
	clock *clock
	// grace is the time of comparisons that is always allowed.
	grace time.Duration
	// all is the time of submissions and waits, and compared is the part of it that comparisons took.
	all, compared time.Duration
}

// paceShare is the part of all time that comparisons may take.
const paceShare = 4

// allows reports whether there is time for a comparison.
func (p *pace) allows() bool { return p.compared <= p.grace+p.all/paceShare }

// work counts the time until the function that it returns is called.
func (p *pace) work() func() {
	began := p.clock.now()
	return func() { p.all += p.clock.now() - began }
}

// compare counts the time of a comparison.
func (p *pace) compare() func() {
	began := p.clock.now()
	return func() { p.compared += p.clock.now() - began }
}

// Bounds of the probes of a call: the fuel that the reference takes for them, about half a second, and
// the bytes that are read.
const (
	maxFuel  = 128 << 20
	maxBytes = 256 << 20
)

// affordable returns those probes that are within the bounds together. A call whose parts are all
// too large is not compared.
func affordable(list []probe) []probe {
	var kept []probe
	fuel, bytes := uint64(0), uint64(0)
	for _, p := range list {
		cost, read := tensor.Fuel(p.op), uint64(0)
		for _, piece := range p.pieces {
			read += piece.span()
		}
		if cost > maxFuel-fuel || read > maxBytes-bytes {
			continue
		}
		fuel, bytes = fuel+cost, bytes+read
		kept = append(kept, p)
	}
	return kept
}

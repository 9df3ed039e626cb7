package money

import (
	"strings"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
)

// Unit is a unit in which people write amounts of a denom.
type Unit struct {
	// Denom is the bank's denom, and Display the name of the unit.
	Denom, Display string
	// Exponent is the power of ten between the two, from 0 up.
	Exponent int
}

// Units are units of denoms other than tfuel, which is always known. No name may occur twice.
type Units []Unit

// tfuel is the unit of the chain's own denom. Its names cannot get another meaning.
func tfuel() Unit {
	return Unit{Denom: params.BaseDenom, Display: params.DisplayDenom, Exponent: params.DisplayExponent}
}

// With adds a unit, unless one of its names has a meaning already.
func (u Units) With(unit Unit) Units {
	for _, name := range []string{unit.Denom, unit.Display} {
		if _, known := u.named(name); known {
			return u
		}
	}
	if strings.HasSuffix(strings.ToLower(unit.Display), params.DisplayDenom) {
		return u // it could be mistaken for our own
	}
	return append(u[:len(u):len(u)], unit)
}

// named returns the unit that a name stands for, and whether it is known. A name that is not known
// is a denom of its own.
func (u Units) named(name string) (Unit, bool) {
	for _, unit := range append(Units{tfuel()}, u...) {
		switch name {
		case unit.Display:
			return unit, true
		case unit.Denom:
			return Unit{Denom: unit.Denom}, true
		}
	}
	return Unit{Denom: name}, false
}

// of returns the unit of a denom, and whether it is known.
func (u Units) of(denom string) (Unit, bool) {
	for _, unit := range append(Units{tfuel()}, u...) {
		if unit.Denom == denom {
			return unit, true
		}
	}
	return Unit{}, false
}

// shorten formats an amount of the denom in the unit, with at most six digits after the point. It
// never rounds up; a trailing "+" means that more digits follow.
func (u Unit) shorten(amount math.Int) string {
	const shown = 6
	digits := amount.String()
	if pad := u.Exponent + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point := len(digits) - u.Exponent
	fraction := strings.TrimRight(digits[point:], "0")
	more := ""
	if len(fraction) > shown {
		fraction, more = fraction[:shown], "+"
	}
	text := digits[:point]
	if fraction != "" {
		text += "." + fraction
	}
	return text + more + " " + u.Display
}

package earnings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/money"
)

// Other is gross pay in another denom than that of Day.Pay.
type Other struct {
	Denom string `json:"denom"`
	// Pay is a decimal number of units of the denom.
	Pay string `json:"pay"`
}

// mergeOthers adds pay by denom. It does not change its arguments.
func mergeOthers(x, y []Other) []Other {
	if len(y) == 0 {
		return x
	}
	merged := slices.Clone(x)
	for _, other := range y {
		at, found := slices.BinarySearchFunc(merged, other.Denom, func(o Other, denom string) int { return cmp.Compare(o.Denom, denom) })
		if !found {
			merged = slices.Insert(merged, at, Other{Denom: other.Denom, Pay: "0"})
		}
		merged[at].Pay = sum(merged[at].Pay, other.Pay)
	}
	return merged
}

// GrossText formats the gross pay in all denoms for people.
func (d Day) GrossText() string { return withOthers(AmountText(d.Pay), d.Others) }

// EarnedText formats what was earned, and gross pay in other denoms, for people. It is empty if neither is known.
func (r Row) EarnedText() string { return withOthers(AmountText(r.Earned), r.Others) }

// withOthers appends pay in other denoms to an amount.
func withOthers(text string, others []Other) string {
	texts := make([]string, 0, 1+len(others))
	if text != "" {
		texts = append(texts, text)
	}
	for _, other := range others {
		texts = append(texts, PayText(other.Pay, other.Denom))
	}
	return strings.Join(texts, " + ")
}

// PayText formats pay in a denom for people. An empty denom is that of records in which all pay was in the bond denom.
// Pay in a denom of no form is never shown as if it were in tfuel.
func PayText(paid, denom string) string {
	if denom == "" || denom == params.BaseDenom {
		return AmountText(paid)
	}
	if paid == "" {
		return ""
	}
	coin, err := money.ParseAmount(paid + denom)
	if err != nil || coin.Denom != denom {
		return paid + " of a denom that cannot be shown"
	}
	return money.FormatAmount(coin)
}

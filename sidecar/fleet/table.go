package fleet

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/alert"
	"github.com/thetaedge/theta/sidecar/overview"
)

// staleAfter is the age of a snapshot after which the node counts as stuck.
const staleAfter = 5 * time.Minute

// Standing says how a node is, the worst first.
type Standing string

// These are the standings of nodes, in the order in which they need attention.
const (
	// Unreachable means that the node did not answer.
	Unreachable Standing = "unreachable"
	// Stuck means that the daemon answers and has not looked at its node for minutes.
	Stuck Standing = "stuck"
	// Attention means that something needs the owner.
	Attention Standing = "attention"
	// Held means that the owner, or a rule of the owner, holds the node back.
	Held Standing = "held"
	// Idle means that the node is ready and waits for work.
	Idle Standing = "idle"
	// Working means that programs run.
	Working Standing = "working"
)

// Standings returns all standings, the worst first.
func Standings() []Standing { return []Standing{Unreachable, Stuck, Attention, Held, Idle, Working} }

// Row is a node of a list with its answer.
type Row struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// Snapshot is nil if the node did not answer, and Error says why.
	Snapshot *overview.Snapshot `json:"snapshot,omitempty"`
	Error    string             `json:"error,omitempty"`
	// Standing says how the node is, Sentence why, and Cure what to do.
	Standing Standing `json:"standing"`
	Sentence string   `json:"sentence"`
	Cure     string   `json:"cure"`
}

// Totals are sums over the nodes that answered.
type Totals struct {
	Nodes     int `json:"nodes"`
	Reached   int `json:"reached"`
	Attention int `json:"attention"`
	Running   int `json:"running"`
	// Today, Week and Bond are amounts of base units.
	Today string `json:"today"`
	Week  string `json:"week"`
	Bond  string `json:"bond"`
	// Watts is the power of the nodes that measure it, and Measured their number.
	Watts    float64 `json:"watts"`
	Measured int     `json:"measured"`
}

// Table is what an owner sees of several nodes.
type Table struct {
	At     time.Time `json:"at"`
	Rows   []Row     `json:"rows"`
	Totals Totals    `json:"totals"`
}

// NewTable judges the answers of nodes and sorts them: what needs attention comes first.
func NewTable(now time.Time, rows []Row) Table {
	t := Table{At: now, Rows: rows}
	for i := range t.Rows {
		t.Rows[i].judge(now)
	}
	slices.SortStableFunc(t.Rows, func(x, y Row) int {
		return cmp.Or(cmp.Compare(slices.Index(Standings(), x.Standing), slices.Index(Standings(), y.Standing)), cmp.Compare(x.Name, y.Name))
	})
	t.Totals = totalsOf(t.Rows)
	return t
}

// limits are those of the alerts of a node whose owner has changed nothing.
func limits() alert.Limits {
	return alert.Limits{Lease: 4 * time.Hour, Grant: sdk.NewCoin(params.BaseDenom, sdkmath.NewIntWithDecimal(1, params.DisplayExponent))}
}

// judge decides how a node is.
func (r *Row) judge(now time.Time) {
	s := r.Snapshot
	if s == nil {
		r.Standing, r.Sentence, r.Cure = Unreachable, r.Error, "look whether the machine and the daemon run"
		return
	}
	if troubles := alert.Troubles(s, limits()); len(troubles) > 0 {
		first := troubles[0]
		r.Standing, r.Sentence, r.Cure = Attention, first.Title+". "+first.Text, first.Cure
		return
	}
	// The clocks of two machines differ, and a snapshot of the future is as strange as an old one.
	if old := now.Sub(s.At); old > staleAfter || old < -staleAfter {
		r.Standing, r.Sentence, r.Cure = Stuck, "The node has last looked at itself "+old.Round(time.Second).Abs().String()+" away from the clock of this machine.", "compare the clocks, and see the log of the daemon"
		return
	}
	r.Standing = Idle
	if len(s.Why) > 0 {
		r.Sentence, r.Cure = s.Why[0].Sentence, s.Why[0].Cure
	}
	switch {
	case len(s.Held) > 0:
		r.Standing, r.Sentence, r.Cure = Held, s.Held[0].Sentence, ""
	case s.Mode == "paused" || s.Mode == "suspended" || s.Mode == "draining":
		r.Standing = Held
	case s.Mode == "starting" || s.Chain == nil:
		r.Standing = Attention
	case s.Running > 0:
		r.Standing = Working
	}
	if r.Sentence == "" {
		r.Sentence = "The node is " + s.Mode + "."
	}
}

func totalsOf(rows []Row) Totals {
	t := Totals{Nodes: len(rows)}
	today, week, bond := new(big.Int), new(big.Int), new(big.Int)
	for _, r := range rows {
		if at := slices.Index(Standings(), r.Standing); at <= slices.Index(Standings(), Attention) {
			t.Attention++
		}
		s := r.Snapshot
		if s == nil {
			continue
		}
		t.Reached++
		t.Running += int(s.Running)
		add(today, s.Today.Earned)
		add(week, s.Week.Earned)
		if s.Chain != nil {
			add(bond, s.Chain.Bond)
		}
		if watts, known := s.Watts(); known {
			t.Watts, t.Measured = t.Watts+watts, t.Measured+1
		}
	}
	t.Today, t.Week, t.Bond = today.String(), week.String(), bond.String()
	return t
}

// add adds an amount; an empty one counts as 0.
func add(sum *big.Int, amount string) {
	if number, ok := new(big.Int).SetString(amount, 10); ok {
		sum.Add(sum, number)
	}
}

// Short returns an amount of base units in tfuel with four digits after the point, cut off, and "–" for
// an amount that is not known.
func Short(amount string) string {
	number, ok := new(big.Int).SetString(amount, 10)
	if !ok {
		return "–"
	}
	const shown = 4
	sign := ""
	if number.Sign() < 0 {
		sign = "-"
		number.Abs(number)
	}
	digits := number.Quo(number, new(big.Int).Exp(big.NewInt(10), big.NewInt(params.DisplayExponent-shown), nil)).String()
	for len(digits) <= shown {
		digits = "0" + digits
	}
	if number.Sign() == 0 {
		sign = ""
	}
	return sign + digits[:len(digits)-shown] + "." + digits[len(digits)-shown:]
}

package alert

import (
	"cmp"
	"slices"
	"time"

	"github.com/thetaedge/theta/sidecar/overview"
)

// View is what people see of alerts. It contains no secrets.
type View struct {
	// Open contains the conditions that hold and were told, the newest first.
	Open []Condition `json:"open"`
	// Recent contains the last alerts, the newest first.
	Recent  []Recent       `json:"recent"`
	Targets []TargetHealth `json:"targets"`
	// Waiting is the number of alerts that wait for a target or for the budget.
	Waiting int `json:"waiting"`
}

// Condition is a condition that holds.
type Condition struct {
	Kind  Kind      `json:"kind"`
	Since time.Time `json:"since"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
	Cure  string    `json:"cure"`
}

// TargetHealth says how a target is.
type TargetHealth struct {
	Name string `json:"name"`
	// Accepted is the time of the last success; it is zero if there was none.
	Accepted time.Time `json:"accepted,omitzero"`
	// Refused is the time of the last failure, and Error its text; Error is empty if the last try was a
	// success.
	Refused time.Time `json:"refused,omitzero"`
	Error   string    `json:"error"`
	Dropped uint64    `json:"dropped"`
}

// View returns what people see now.
func (a *Alerter) View() View {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.book.view(a.cfg.Targets)
}

// Read returns what people see of a home whose daemon may not run.
func Read(home string, targets []*Target) (View, error) {
	b, err := readBook(home)
	if err != nil {
		return View{}, err
	}
	return b.view(targets), nil
}

func (b *book) view(targets []*Target) View {
	out := View{Open: []Condition{}, Recent: slices.Clone(b.Recent), Targets: []TargetHealth{}, Waiting: len(b.Letters)}
	slices.Reverse(out.Recent)
	for _, c := range b.Conditions {
		if c != nil && !c.Told.IsZero() {
			out.Open = append(out.Open, Condition{
				Kind: c.Kind, Since: c.Since, Title: overview.Line(c.Title, maxTitle), Text: overview.Line(c.Text, maxBody), Cure: overview.Line(c.Cure, maxBody),
			})
		}
	}
	slices.SortFunc(out.Open, func(x, y Condition) int {
		return cmp.Or(y.Since.Compare(x.Since), cmp.Compare(x.Title, y.Title))
	})
	for _, t := range targets {
		shown := TargetHealth{Name: t.Name}
		if h := b.Health[t.ID]; h != nil {
			shown.Accepted, shown.Refused, shown.Error, shown.Dropped = h.Accepted, h.Refused, h.Error, h.Dropped
		}
		out.Targets = append(out.Targets, shown)
	}
	return out
}

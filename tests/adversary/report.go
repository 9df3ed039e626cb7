package adversary

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
)

const (
	// deviations is how many standard deviations of the draws a measurement may
	// lie from its expectation: 3.3 leave one in a thousand to chance, so that the
	// seven rows that know chance together fail a sound chain once in 140 runs.
	deviations = 3.3
	// rounding is what integer amounts, cut off in favour of the escrow, may add
	// up to, in tfuel.
	rounding = 1e-9
)

// Row is what one behaviour was worth. All amounts are in whole tfuel.
type Row struct {
	// Behaviour names the attack, Policy how its jobs were verified.
	Behaviour string `json:"behaviour"`
	Policy    string `json:"policy"`
	// Jobs that were posted, Trials how often the attacker was drawn or tried.
	Jobs   int `json:"jobs"`
	Trials int `json:"trials"`
	// Gain and Loss are read from the chain: pay and shares; bond, escrow and gas.
	Gain float64 `json:"gain"`
	Loss float64 `json:"loss"`
	// Baseline is what the same stake earns honestly, where cheating consists of
	// honest work that one gets more of; 0 where the attacker saves the work.
	Baseline float64 `json:"baseline"`
	// Net is gain - loss - baseline.
	Net float64 `json:"net"`
	// Predicted is the expectation of Net by Formula, and Spread one standard
	// deviation of it over the draws.
	Predicted float64 `json:"predicted"`
	Spread    float64 `json:"spread"`
	Formula   string  `json:"formula"`
	// Harm is what honest nodes paid out of their bonds as fees of deadlines that nobody
	// could keep, HarmPredicted what the rules say. No other row may cost them any.
	Harm          float64 `json:"harm"`
	HarmPredicted float64 `json:"harm_predicted"`
	// Profitable: Net is positive beyond noise. Agrees: Net lies where Predicted
	// and Spread say, and Harm is what was predicted.
	Profitable bool `json:"profitable"`
	Agrees     bool `json:"agrees"`
	// Note is what else was seen.
	Note string `json:"note,omitempty"`
}

// judged fills in what follows from the measurement.
func (r Row) judged() Row {
	r.Net = r.Gain - r.Loss - r.Baseline
	noise := deviations*r.Spread + rounding
	r.Profitable = r.Net > noise
	r.Agrees = math.Abs(r.Net-r.Predicted) <= noise && math.Abs(r.Harm-r.HarmPredicted) <= rounding
	return r
}

// verdict is the row's outcome in a word or two.
func (r Row) verdict() string {
	switch {
	case r.Profitable:
		return "PROFITABLE"
	case !r.Agrees:
		return "UNEXPECTED"
	case r.Net < 0:
		return "loses"
	default:
		return "gains nothing"
	}
}

// Report is all that was measured.
type Report struct {
	Rows []Row
	// Failures are rules beside the money that did not hold.
	Failures []string
}

// Err is nil when no behaviour pays and all measurements are as predicted.
func (r Report) Err() error {
	bad := len(r.Failures)
	for _, row := range r.Rows {
		if row.Profitable || !row.Agrees {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("expected no behaviour that pays or surprises, found %d; see the table", bad)
	}
	return nil
}

// Table prints the rows for a person.
func (r Report) Table(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "behaviour\tpolicy\tjobs\ttrials\tgain\tloss\tbaseline\tnet\tpredicted\t±1 sd\tharm\tverdict\t")
	for _, row := range r.Rows {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%s\t\n",
			row.Behaviour, row.Policy, row.Jobs, row.Trials, row.Gain, row.Loss, row.Baseline, row.Net, row.Predicted, row.Spread, row.Harm, row.verdict())
	}
	_ = table.Flush()
	for _, row := range r.Rows {
		fmt.Fprintf(w, "\n%s (%s): %s", row.Behaviour, row.Policy, row.Formula)
		if row.Note != "" {
			fmt.Fprintf(w, "\n  %s", row.Note)
		}
	}
	fmt.Fprintln(w)
	for _, failure := range r.Failures {
		fmt.Fprintln(w, "FAILED:", failure)
	}
}

// Markdown prints the rows as the table of docs/trust.md. Rows without chance show four
// decimals, the others two.
func (r Report) Markdown(w io.Writer) {
	fmt.Fprintln(w, "| behaviour | policy | jobs | parts | net | predicted | ± 1 sd |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, row := range r.Rows {
		decimals, spread := 4, "0"
		if row.Spread > 0 {
			decimals, spread = 2, fmt.Sprintf("%.2f", row.Spread)
		}
		number := func(v float64) string {
			return strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), "-", "−", 1)
		}
		fmt.Fprintf(w, "| %s | %s | %d | %d | %s | %s | %s |\n",
			row.Behaviour, row.Policy, row.Jobs, row.Trials, number(row.Net), number(row.Predicted), spread)
	}
}

// Write writes the rows as JSON.
func (r Report) Write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	rows := r.Rows
	if rows == nil {
		rows = []Row{}
	}
	raw, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o600)
}

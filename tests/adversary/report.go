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
	// deviations is the number of standard deviations of the draws by which a measurement may
	// differ from its expectation. With 3.3, one measurement in a thousand exceeds it by
	// chance, so that the 22 rows that depend on chance make a sound chain fail once in
	// 45 runs.
	deviations = 3.3
	// rounding is the largest sum of differences, in tfuel, that comes from integer amounts,
	// which are truncated in favour of the escrow.
	rounding = 1e-9
)

// Row is the outcome of one behaviour. All amounts are in whole tfuel.
type Row struct {
	// Behaviour is the attack's name, and Policy says how its jobs were verified.
	Behaviour string `json:"behaviour"`
	Policy    string `json:"policy"`
	// Jobs is the number of posted jobs; Trials is the number of times that the attacker was
	// drawn or tried.
	Jobs   int `json:"jobs"`
	Trials int `json:"trials"`
	// Gain and Loss are read from the chain. Gain consists of pay and shares; Loss consists
	// of bond, escrow and gas.
	Gain float64 `json:"gain"`
	Loss float64 `json:"loss"`
	// Baseline is what the same stake earns honestly, if the attack consists of getting more
	// honest work. It is 0 if the attacker saves the work.
	Baseline float64 `json:"baseline"`
	// Net is gain - loss - baseline.
	Net float64 `json:"net"`
	// Predicted is the expectation of Net by Formula, and Spread is its standard deviation
	// over the draws.
	Predicted float64 `json:"predicted"`
	Spread    float64 `json:"spread"`
	Formula   string  `json:"formula"`
	// Harm is what honest nodes paid from their bonds as fees of deadlines that no node could
	// keep, and HarmPredicted is what the rules predict. No other row may cost honest nodes
	// anything.
	Harm          float64 `json:"harm"`
	HarmPredicted float64 `json:"harm_predicted"`
	// Profitable reports whether Net is positive beyond noise. Agrees reports whether Net is
	// in the range of Predicted and Spread, and Harm is as predicted.
	Profitable bool `json:"profitable"`
	Agrees     bool `json:"agrees"`
	// Note contains other observations.
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

// verdict returns the row's outcome in a word or two.
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

// Report contains all measurements.
type Report struct {
	Rows []Row
	// Failures are violations of rules that do not concern money.
	Failures []string
}

// Err returns nil if no behaviour pays and all measurements are as predicted.
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

// Table prints the rows for a reader.
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

package executors

import (
	"os"
	"time"

	"github.com/thetaedge/theta/tests/bench/stat"
)

// LoadingReport is the time until a model can read its first token, in seconds.
type LoadingReport struct {
	FileBytes int64 `json:"file_bytes"`
	// Cold is with the file on the disk alone, if ColdMissing does not say why it was not measured. Warm
	// is with the file in the cache of the system.
	Cold        stat.Stat `json:"cold_seconds"`
	ColdMissing string    `json:"cold_missing,omitempty"`
	Warm        stat.Stat `json:"warm_seconds"`
}

// loading measures loading: cold, warm, and again.
func (r *runner) loading(report *Report) error {
	var out LoadingReport
	info, err := os.Stat(r.converted)
	if err != nil {
		return err
	}
	out.FileBytes = info.Size()
	var cold, warm []float64
	for round := range r.scale.rounds {
		r.progress("loading: round %d of %d", round+1, r.scale.rounds)
		if err := forget(r.converted); err != nil {
			out.ColdMissing = err.Error()
		} else {
			seconds, err := r.loadOnce()
			if err != nil {
				return err
			}
			cold = append(cold, seconds)
		}
		if round == 0 && len(cold) == 0 { // nothing has filled the cache
			if _, err := r.loadOnce(); err != nil {
				return err
			}
		}
		seconds, err := r.loadOnce()
		if err != nil {
			return err
		}
		warm = append(warm, seconds)
	}
	out.Cold, out.Warm = stat.New(cold), stat.New(warm)
	report.Loading = &out
	return nil
}

// loadOnce loads the model and returns the seconds that this took.
func (r *runner) loadOnce() (float64, error) {
	began := time.Now()
	o, err := openOurs(r.converted, setting{threads: r.scale.threads[0], vectors: r.vectors}, r.scale.shape, r.scale.load)
	took := time.Since(began).Seconds()
	if err != nil {
		return 0, err
	}
	return took, o.Close()
}

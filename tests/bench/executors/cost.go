package executors

import (
	"errors"
	"time"

	"github.com/thetaedge/theta/tests/bench/stat"
)

// CostReport is what a part of the protocol adds to the time of a run, in percent of it.
type CostReport struct {
	Prefill stat.Stat `json:"prefill_percent"`
	Decode  stat.Stat `json:"decode_percent"`
}

// CostsReport is the cost of what makes a result verifiable.
type CostsReport struct {
	// Trace is the cost of one trace, Guards that of comparing samples and sums of products, and Both
	// that of the two together.
	Trace  CostReport `json:"trace"`
	Guards CostReport `json:"guards"`
	Both   CostReport `json:"both"`
}

// costRounds is the number of rounds of costs for each other round.
const costRounds = 3

// costs measures runs without and with traces and guards in turn, on all threads.
func (r *runner) costs(report *Report) (err error) {
	threads := r.scale.threads[0]
	settings := []setting{
		{threads: threads},
		{threads: threads, traced: true},
		{threads: threads, guarded: true},
		{threads: threads, traced: true, guarded: true},
	}
	subjects := make([]subject, 0, len(settings))
	var opened []*ours
	defer func() {
		for _, o := range opened {
			err = errors.Join(err, o.Close())
		}
	}()
	for _, s := range settings {
		s.vectors = r.vectors
		r.progress("costs: loading")
		o, err := openOurs(r.converted, s, r.scale.shape, r.scale.load)
		if err != nil {
			return err
		}
		opened, subjects = append(opened, o), append(subjects, o)
	}
	prefill, decode := make([][]float64, len(settings)), make([][]float64, len(settings))
	// The differences are small, so that they need more rounds.
	rounds := costRounds * r.scale.rounds
	for round := range rounds + 1 {
		r.progress("costs: round %d of %d", round, rounds)
		times := make([]took, len(subjects))
		for i, s := range subjects {
			if times[i], err = s.run(r.scale.load); err != nil {
				return err
			}
		}
		if round == 0 { // guards compare each kind of call once
			continue
		}
		for i, t := range times {
			prefill[i] = append(prefill[i], more(t.prefill, times[0].prefill))
			decode[i] = append(decode[i], more(t.decode, times[0].decode))
		}
	}
	of := func(i int) CostReport { return CostReport{stat.New(prefill[i]), stat.New(decode[i])} }
	report.Costs = &CostsReport{Trace: of(1), Guards: of(2), Both: of(3)}
	return nil
}

// more returns by how many percent a time is longer than another one.
func more(t, than time.Duration) float64 { return 100 * (t.Seconds()/than.Seconds() - 1) }

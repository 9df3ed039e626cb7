package executors

import (
	"context"
	"errors"
	"time"

	"github.com/thetaedge/theta/tests/bench/stat"
)

// SpeedReport is what one implementation reaches.
type SpeedReport struct {
	// TokensPerSecond counts tokens of the prompt, or of the answer.
	TokensPerSecond stat.Stat `json:"tokens_per_second"`
	// MemoryShare is the bytes of weights that an answer reads in a second, by those that a loop reads.
	// It is 0 for prompts, which read weights once for many tokens.
	MemoryShare float64 `json:"memory_share,omitempty"`
}

// StepReport compares both implementations at reading a prompt, or at answering.
type StepReport struct {
	Ours SpeedReport `json:"ours"`
	// Theirs and Ratio, which is ours by theirs, are missing without llama.cpp.
	Theirs *SpeedReport `json:"theirs,omitempty"`
	Ratio  *stat.Stat   `json:"ratio,omitempty"`
}

// ThreadsReport compares both implementations with a number of threads.
type ThreadsReport struct {
	Threads int `json:"threads"`
	// ReadGBs and CopyGBs are the gigabytes per second that loops read, and copy, with these threads.
	ReadGBs stat.Stat  `json:"read_gb_s"`
	CopyGBs stat.Stat  `json:"copy_gb_s"`
	Prefill StepReport `json:"prefill"`
	Decode  StepReport `json:"decode"`
}

// compare measures with a number of threads: memory, ours, theirs, and again.
func (r *runner) compare(ctx context.Context, threads int, report *Report) (err error) {
	r.progress("%d threads: loading", threads)
	mine, err := openOurs(r.converted, setting{threads: threads, vectors: r.vectors}, r.scale.shape, r.scale.load)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mine.Close()) }()
	subjects := []subject{mine}
	if report.NotCompared == "" {
		other, err := openTheirs(ctx, r.script, r.gguf, threads, r.scale.shape, r.scale.load)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, other.Close()) }()
		report.Theirs = other.engine
		subjects = append(subjects, other)
	}
	room := newMemory(r.scale.memory)
	var read, copied []float64
	times := make([][]took, len(subjects))
	for round := range r.scale.rounds + 1 {
		r.progress("%d threads: round %d of %d", threads, round, r.scale.rounds)
		read, copied = append(read, room.read(threads)/1e9), append(copied, room.copy(threads)/1e9)
		for i, s := range subjects {
			t, err := s.run(r.scale.load)
			if err != nil {
				return err
			}
			times[i] = append(times[i], t)
		}
	}
	// The first round fills caches.
	out := ThreadsReport{Threads: threads, ReadGBs: stat.New(read[1:]), CopyGBs: stat.New(copied[1:])}
	for i := range times {
		times[i] = times[i][1:]
	}
	out.Prefill = step(times, r.scale.load.Prompt, func(t took) time.Duration { return t.prefill })
	out.Decode = step(times, r.scale.load.Answer, func(t took) time.Duration { return t.decode })
	share := func(bytes int, s SpeedReport) float64 {
		return float64(bytes) * s.TokensPerSecond.Median / 1e9 / out.ReadGBs.Median
	}
	out.Decode.Ours.MemoryShare = share(r.scale.shape.oursBytes(), out.Decode.Ours)
	if out.Decode.Theirs != nil {
		out.Decode.Theirs.MemoryShare = share(r.scale.shape.theirsBytes(), *out.Decode.Theirs)
	}
	report.Threads = append(report.Threads, out)
	return nil
}

// step summarises the times for a number of tokens: ours, and theirs if they were measured.
func step(times [][]took, tokens int, of func(took) time.Duration) StepReport {
	rates := make([][]float64, len(times))
	for i, list := range times {
		for _, t := range list {
			rates[i] = append(rates[i], float64(tokens)/of(t).Seconds())
		}
	}
	s := StepReport{Ours: SpeedReport{TokensPerSecond: stat.New(rates[0])}}
	if len(rates) < 2 {
		return s
	}
	var ratios []float64
	for i, mine := range rates[0] {
		ratios = append(ratios, mine/rates[1][i])
	}
	ratio := stat.New(ratios)
	s.Theirs, s.Ratio = &SpeedReport{TokensPerSecond: stat.New(rates[1])}, &ratio
	return s
}

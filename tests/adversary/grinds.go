package adversary

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// grindTries is the number of attacked draws, and grindKeys the number of addresses that
	// are tried for each. The best of them outranks all honest nodes.
	grindTries, grindKeys = 3, 5_000
)

// grinder waits until the seed of a draw is known, looks for an address with a winning
// ticket, registers it while the draw is open, and claims.
type grinder struct{}

func (grinder) name() string { return "grinds addresses" }

func (g grinder) play(ctx context.Context, s *stage) (Row, error) {
	f := strangers(1, tactics{})
	row := Row{
		Behaviour: g.name(), Policy: quorumPolicy, Jobs: grindTries, Trials: grindTries,
		Formula: fmt.Sprintf("-gas: a weight counts from the epoch after it was bonded, so that the best of %d addresses has none", grindKeys),
	}
	fees := 0.0
	var reasons []string
	for range grindTries {
		h, posted, err := g.grind(ctx, s, f)
		if err != nil {
			return row, err
		}
		before, err := s.read(ctx, purseOf([]*hand{h}))
		if err != nil {
			return row, err
		}
		// Bond and fees come out of what the node was given; the node keeps the rest.
		registered := float64(f.bond+2*feeLimit) - inTfuel(before.total())
		done, err := h.worker.Submit(ctx, chain.Batch{Claims: []computetypes.ChunkRef{{JobId: posted}}}, s.maxBatch())
		h.note(done)
		taken, refused := h.counts(chain.Claim)
		if err != nil || taken+refused != 1 {
			return row, fmt.Errorf("expected one claim decided, found %d taken and %d refused: %w", taken, refused, err)
		}
		reasons = append(reasons, reason(h.lastRefusal))
		over, err := s.finish(ctx, []string{posted})
		if err != nil {
			return row, err
		}
		after, err := s.read(ctx, purseOf([]*hand{h}))
		if err != nil {
			return row, err
		}
		c := between(before, after)
		row.Gain += inTfuel(c.gain)
		row.Loss += registered + inTfuel(c.loss)
		fees += registered + inTfuel(c.fees)
		if n := len(parts(over, []*hand{h})); n > 0 {
			reasons = append(reasons, "a ground address was drawn")
		}
		if err := s.dismiss(ctx, f.class, []*hand{h}); err != nil {
			return row, err
		}
	}
	row.Predicted = -fees
	row.Note = "claims: " + strings.Join(reasons, "; ")
	return row.judged(), nil
}

// grind registers the best address that it finds for a new job's draw.
func (g grinder) grind(ctx context.Context, s *stage, f force) (*hand, string, error) {
	posted, err := s.post(ctx, s.customer, s.spec(), s.plain, 1)
	if err != nil {
		return nil, "", err
	}
	job := posted.ids[0]
	id, err := computetypes.ParseJobID(job)
	if err != nil {
		return nil, "", err
	}
	seed, err := s.seedOf(ctx, job)
	if err != nil {
		return nil, "", err
	}
	weight := params.Tfuel(int64(s.weightOf(f.bond, f.slots)))
	best, lowest := keyPair{}, []byte(nil)
	for range grindKeys {
		key := newKeyPair()
		rank := computetypes.Rank(seed, id, 0, 0, 0, key.Address(), weight)
		if lowest == nil || bytes.Compare(rank, lowest) < 0 {
			best, lowest = key, rank
		}
	}
	h := s.recruit(best, f)
	return h, job, s.join(ctx, f, h)
}

// seedOf waits until the seed of a job's first draw is known. Posting the job has pinned it.
func (s *stage) seedOf(ctx context.Context, job string) ([]byte, error) {
	posted, _, err := s.reader.Job(ctx, job)
	if err != nil {
		return nil, err
	}
	err = s.await(ctx, "the seed of job "+job, func() (bool, error) {
		_, known, err := s.pin(ctx, posted.PostedHeight)
		return known, err
	})
	if err != nil {
		return nil, err
	}
	return s.seedAt(ctx, posted.PostedHeight)
}

// reason shortens the chain's refusal to a length that fits into a table.
func reason(log string) string {
	if log == "" {
		return "taken"
	}
	const most = 90
	if len(log) > most {
		log = log[:most] + "…"
	}
	return log
}

package adversary

import (
	"context"
	"fmt"

	"github.com/thetaedge/theta/tests/devnet"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// withheldBlocks is the number of blocks for which the only relay withholds rounds.
	withheldBlocks = 25
	// withheldWaves is the number of waves of jobs that wait for them.
	withheldWaves = 2
)

// withholder runs the only relay of the beacon, and a node. It withholds the rounds that seed
// the draws, which it knows before the chain does, and submits them late. The draws wait, and
// then have the same outcome as without the delay.
type withholder struct{}

func (withholder) name() string { return "withholds rounds" }

func (w withholder) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{Behaviour: w.name(), Policy: quorumPolicy, Jobs: withheldWaves * wave}
	f := strangers(1, tactics{})
	hands, err := s.enlist(ctx, f)
	if err != nil {
		return row, err
	}
	before, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	hands[0].start(ctx)
	var over []ended
	for range withheldWaves {
		done, err := w.withhold(ctx, s)
		if err != nil {
			return row, err
		}
		over = append(over, done...)
	}
	after, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	r := run{jobs: row.Jobs, over: over, parts: parts(over, hands), hands: hands, change: between(before, after)}
	f2 := fairForecast(fmt.Sprintf("rounds kept back for %d blocks", withheldBlocks))(s, r)
	row.Trials, row.Baseline, row.Spread, row.Formula = f2.trials, f2.baseline, f2.spread, f2.formula
	row.Gain, row.Loss = inTfuel(r.change.gain), inTfuel(r.change.loss)
	row.Predicted = f2.mean - f2.baseline - inTfuel(r.change.fees)
	row.Note = fmt.Sprintf("%s; every draw was seeded by the round that its height was pinned to, %d of %d jobs accepted", f2.note, accepted(over), row.Jobs)
	if err := s.tellLots(ctx, w.name(), r, hands); err != nil {
		return row, err
	}
	return row.judged(), s.dismiss(ctx, f.class, hands)
}

// withhold posts a wave while no round reaches the chain, and checks that the seeds are those
// of the pinned rounds.
func (withholder) withhold(ctx context.Context, s *stage) ([]ended, error) {
	if err := s.net.Kill(devnet.BeaconRelay); err != nil {
		return nil, err
	}
	posted, err := s.post(ctx, s.customer, s.spec(), s.plain, wave)
	if err != nil {
		return nil, err
	}
	if err := s.awaitBlocks(ctx, withheldBlocks); err != nil {
		return nil, err
	}
	pinned := make(map[int64]uint64)
	for _, job := range posted.ids {
		answer, err := computetypes.NewQueryClient(s.net.Conn()).Chunk(ctx, &computetypes.QueryChunkRequest{JobId: job})
		if err != nil {
			return nil, err
		}
		draw := answer.Chunk.Rounds[0].Draw
		if draw == nil || draw.CloseHeight != 0 {
			return nil, fmt.Errorf("expected the draw of job %s to wait for its seed, found it open", job)
		}
		if pinned[draw.SeedHeight], _, err = s.pin(ctx, draw.SeedHeight); err != nil {
			return nil, err
		}
	}
	if err := s.net.Restart(devnet.BeaconRelay); err != nil {
		return nil, err
	}
	over, err := s.finish(ctx, posted.ids)
	if err != nil {
		return nil, err
	}
	for height, round := range pinned {
		used, known, err := s.pin(ctx, height)
		if err != nil {
			return nil, err
		}
		if used != round || !known {
			return nil, fmt.Errorf("expected height %d to be seeded by round %d that it waited for, found %d (known: %t)", height, round, used, known)
		}
	}
	return over, nil
}

// pin returns the round that seeds a height, and whether the chain knows it.
func (s *stage) pin(ctx context.Context, height int64) (uint64, bool, error) {
	answer, err := beacontypes.NewQueryClient(s.net.Conn()).HeightRound(ctx, &beacontypes.QueryHeightRoundRequest{Height: height})
	if err != nil {
		return 0, false, err
	}
	return answer.Pin.Round, answer.Round != nil, nil
}

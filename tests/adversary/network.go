package adversary

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/thetaedge/theta/tests/devnet"
)

// network is a network with the behaviours that play on it.
type network struct {
	chainID    string
	nodes      int
	slots      int
	params     map[string]map[string]any
	behaviours []behaviour
	// prepare returns the usual job of the network.
	prepare func(dir string, opts Options) (offer, error)
}

// networks lists the networks on which behaviours play.
func networks() []network {
	return []network{
		{
			chainID: "theta-adversary-1", nodes: honestNodes, slots: honestSlots, params: genesis(), behaviours: behaviours(),
			prepare: func(string, Options) (offer, error) { return smallJob(), nil },
		},
		{
			chainID: "theta-adversary-2", nodes: decoderNodes, slots: decoderPrograms, params: decoderGenesis(), behaviours: modelLiars(),
			prepare: decoderJob,
		},
		{
			chainID: "theta-adversary-3", nodes: majorityNodes, slots: honestSlots, params: majorityGenesis(), behaviours: majorities(),
			prepare: func(string, Options) (offer, error) { return smallJob(), nil },
		},
	}
}

// decoderGenesis is the genesis of a network of few nodes: one judge is left for a first round.
func decoderGenesis() map[string]map[string]any {
	params := genesis()
	params["compute"]["escalation"], params["compute"]["spare_nodes"] = []any{1}, 0
	return params
}

// smallJob is the usual job of most behaviours: the small program.
func smallJob() offer {
	return offer{work: small(program), prepareBlocks: prepareBlocks, commitBlocks: commitBlocks, wave: wave}
}

// decoderJob is the usual job of behaviours about language models.
func decoderJob(dir string, opts Options) (offer, error) {
	made, err := makeDecoders(filepath.Join(dir, "models"), opts)
	return offer{
		work: made.asked, prepareBlocks: decoderPrepare, commitBlocks: decoderCommit, wave: decoderWave, decoders: &made,
	}, err
}

// play starts the network, plays its behaviours that are picked, one after the other, and adds their
// outcomes to a report.
func (n network) play(ctx context.Context, opts Options, report *Report) (err error) {
	chosen := slices.DeleteFunc(n.behaviours, func(b behaviour) bool { return !picked(b.name(), opts.Only) })
	if len(chosen) == 0 {
		return nil
	}
	options := devnet.DefaultOptions()
	options.Dir, options.Bin, options.ChainID, options.Log = filepath.Join(opts.Dir, n.chainID), opts.Bin, n.chainID, opts.Log
	options.Nodes, options.Slots, options.Bond = n.nodes, n.slots, honestBond
	options.BlockPause, options.Epoch = blockPause, epoch
	options.Funds = map[string]int64{treasuryKey: treasuryFunds}
	options.Params = n.params
	net, err := devnet.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, net.Stop()) }()
	job, err := n.prepare(filepath.Join(opts.Dir, n.chainID), opts)
	if err != nil {
		return err
	}
	s, err := newStage(ctx, net, opts, job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, b := range chosen {
		if err := s.perform(ctx, b, report); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", b.name(), err), net.Logs())
		}
	}
	return nil
}

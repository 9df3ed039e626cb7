package watchdog

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	rpctypes "github.com/cometbft/cometbft/rpc/core/types"
)

// probeLimit is how long a request to the node may take. Consensus that is stuck in the
// middle of a block holds the lock that the request needs.
const probeLimit = 10 * time.Second

// Node is the part of CometBFT's client that the watchdog calls.
type Node interface {
	Status(ctx context.Context) (*rpctypes.ResultStatus, error)
	NetInfo(ctx context.Context) (*rpctypes.ResultNetInfo, error)
	ConsensusState(ctx context.Context) (*rpctypes.ResultConsensusState, error)
}

// Probe is what one request to the node has found.
type Probe struct {
	// Height and BlockTime are those of the last block.
	Height    int64
	BlockTime time.Time
	// CatchingUp reports whether the node downloads old blocks or a snapshot from other
	// nodes.
	CatchingUp bool
	// Peers is the number of connected peers.
	Peers int
	// Lacking says which votes are missing for the next block; "" when none is missing.
	Lacking string
}

// probeUntil probes the node again and again. Probes do not overlap: the next one waits for
// one that does not end.
func (w *Watchdog) probeUntil(ctx context.Context, node Node) {
	for ctx.Err() == nil {
		if probe, err := look(ctx, node); err == nil {
			w.mu.Lock()
			w.probe, w.probedAt = probe, w.Now()
			w.mu.Unlock()
		}
		select {
		case <-ctx.Done():
		case <-time.After(probeEvery):
		}
	}
}

func look(ctx context.Context, node Node) (Probe, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	status, err := node.Status(ctx)
	if err != nil {
		return Probe{}, err
	}
	probe := Probe{
		Height: status.SyncInfo.LatestBlockHeight, BlockTime: status.SyncInfo.LatestBlockTime,
		CatchingUp: status.SyncInfo.CatchingUp,
	}
	peers, err := node.NetInfo(ctx)
	if err != nil {
		return probe, err
	}
	probe.Peers = peers.NPeers
	state, err := node.ConsensusState(ctx)
	if err != nil {
		return probe, err
	}
	probe.Lacking, err = lacking(state.RoundState)
	return probe, err
}

// Steps of a round in CometBFT's order.
const (
	stepPrevote   = 4
	stepPrecommit = 6
	stepCommit    = 8
)

// lacking says which votes a round waits for, from the summary that consensus gives of it.
func lacking(roundState []byte) (string, error) {
	var state struct {
		HeightRoundStep string `json:"height/round/step"`
		Votes           []struct {
			Round      int    `json:"round"`
			Prevotes   string `json:"prevotes_bit_array"`
			Precommits string `json:"precommits_bit_array"`
		} `json:"height_vote_set"`
	}
	if err := json.Unmarshal(roundState, &state); err != nil {
		return "", err
	}
	var height, round, step int
	if _, err := fmt.Sscanf(state.HeightRoundStep, "%d/%d/%d", &height, &round, &step); err != nil {
		return "", fmt.Errorf("expected height/round/step, found %q: %w", state.HeightRoundStep, err)
	}
	for _, votes := range state.Votes {
		if votes.Round != round || step >= stepCommit {
			continue
		}
		kind, bits := "", ""
		switch {
		case step >= stepPrecommit:
			kind, bits = "precommits", votes.Precommits
		case step >= stepPrevote:
			kind, bits = "prevotes", votes.Prevotes
		default:
			return "", nil
		}
		share, known := shareOf(bits)
		if known && share <= 2.0/3 {
			return fmt.Sprintf("round %d of height %d has %s of %.0f%% of the voting power and needs more than two thirds", round, height, kind, share*100), nil
		}
	}
	return "", nil
}

// shareOf reads the share from a text such as "BA{4:xx__} 200/400 = 0.50".
func shareOf(bits string) (float64, bool) {
	_, sum, _ := strings.Cut(bits, "} ")
	have, all, found := strings.Cut(strings.SplitN(sum, " ", 2)[0], "/")
	x, errX := strconv.ParseFloat(have, 64)
	y, errY := strconv.ParseFloat(all, 64)
	return x / y, found && errX == nil && errY == nil && y > 0
}

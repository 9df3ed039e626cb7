package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cometbft/cometbft/types"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// writeJob returns the path of a new job file with a reward.
func (s *show) writeJob(name, reward string) (string, error) {
	text := fmt.Sprintf(`executor: wasm/1
program: %s
args: [--tokens, "60", --seed, "7", --temperature, "600"]
inputs:
  model.bin: %s
  prompt.txt: %s
resources: {fuel: 10_000_000_000, memory: 64MiB, output: 64KiB}
class: cpu-small
policy: {quorum: 3}
reward: %s
prepare_blocks: 60
commit_blocks: 200
lifetime_blocks: 1200
`, s.program, s.model, filepath.Join(filepath.Dir(s.model), "prompt.txt"), reward)
	path := filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// outcome returns a job that has ended and the receipt of its only task, by queries.
func (c *chain) outcome(ctx context.Context, id string) (*computetypes.Job, *computetypes.Receipt, error) {
	queries := computetypes.NewQueryClient(c.network.Conn())
	job, err := queries.Job(ctx, &computetypes.QueryJobRequest{JobId: id})
	if err != nil {
		return nil, nil, err
	}
	receipt, err := queries.Receipt(ctx, &computetypes.QueryReceiptRequest{JobId: id})
	if err != nil {
		return nil, nil, err
	}
	if len(receipt.Receipt.Tags) == 0 {
		return nil, nil, fmt.Errorf("job %s: expected a receipt with a tag, found status %s", id, job.Job.Status)
	}
	return &job.Job, &receipt.Receipt, nil
}

// earned returns what the operators of a receipt can claim in a denom. It fails if one has nothing.
func (c *chain) earned(ctx context.Context, receipt *computetypes.Receipt, denom string) (map[string]math.Int, error) {
	earned := make(map[string]math.Int)
	for _, outcome := range receipt.Outcomes {
		answer, err := rewardstypes.NewQueryClient(c.network.Conn()).Earnings(ctx, &rewardstypes.QueryEarningsRequest{Operator: outcome.Operator})
		if err != nil {
			return nil, err
		}
		earned[outcome.Operator] = answer.Amount.AmountOf(denom)
		if !earned[outcome.Operator].IsPositive() || !outcome.Paid.IsPositive() {
			return nil, fmt.Errorf("expected pay for %s in %s, found %s of which %s are unclaimed", outcome.Operator, denom, sdk.NewCoin(denom, outcome.Paid), earned[outcome.Operator])
		}
	}
	if len(earned) != 3 {
		return nil, fmt.Errorf("expected three operators in the receipt, found %d", len(earned))
	}
	return earned, nil
}

// clientHeaders are the state roots of one chain that the other chain's client has verified.
type clientHeaders struct {
	on       *chain
	client   string
	chainID  string
	revision uint64
}

// Header returns a header with the app hash that the client holds for a height.
func (h clientHeaders) Header(ctx context.Context, height int64) (*types.Header, error) {
	var found struct {
		ConsensusState struct {
			Root struct {
				Hash string `json:"hash"`
			} `json:"root"`
		} `json:"consensus_state"`
	}
	if err := h.on.query(ctx, &found, "ibc", "client", "consensus-state", h.client, fmt.Sprintf("%d-%d", h.revision, height)); err != nil {
		return nil, err
	}
	hash, err := base64.StdEncoding.DecodeString(found.ConsensusState.Root.Hash)
	if err != nil {
		return nil, err
	}
	return &types.Header{ChainID: h.chainID, Height: height, AppHash: hash}, nil
}

// Grounds says why the roots are trusted.
func (h clientHeaders) Grounds() string {
	return fmt.Sprintf("client %s of %s has verified them", h.client, h.on.network.ChainID())
}

// provenTag reads a receipt on the second chain with a proof against a root that the client of the first
// chain holds. It returns the client, the height of the state, and the tag.
func (s *show) provenTag(ctx context.Context, id string) (client string, height int64, tag string, err error) {
	headers := clientHeaders{on: s.a, client: "07-tendermint-0", chainID: idB, revision: 1}
	job, err := computetypes.ParseJobID(id)
	if err != nil {
		return "", 0, "", err
	}
	node, err := proven.Dial(ctx, s.b.network.RPC())
	if err != nil {
		return "", 0, "", err
	}
	// The client learns a new height with the next packet, or when the relayer refreshes it.
	if _, err := s.a.transfer(ctx, devnet.Alice, s.b.network.Address(devnet.Bob), "1tfuel"); err != nil {
		return "", 0, "", err
	}
	err = s.a.await(ctx, "a height that proves the receipt", func() (bool, error) {
		newest, err := s.newest(ctx, headers.client)
		if err != nil {
			return false, err
		}
		receipt, record, err := proven.NewReader(node, headers).Receipt(ctx, job, 0, newest-1)
		if err != nil || receipt == nil || len(receipt.Tags) == 0 {
			return false, err
		}
		height, tag = record.Height, fmt.Sprintf("%x", receipt.Tags[0])
		return true, nil
	})
	return headers.client, height, tag, err
}

// newest returns the newest height that a client of the first chain knows.
func (s *show) newest(ctx context.Context, client string) (int64, error) {
	var state struct {
		ClientState struct {
			LatestHeight struct {
				RevisionHeight string `json:"revision_height"`
			} `json:"latest_height"`
		} `json:"client_state"`
	}
	if err := s.a.query(ctx, &state, "ibc", "client", "state", client); err != nil {
		return 0, err
	}
	return strconv.ParseInt(state.ClientState.LatestHeight.RevisionHeight, 10, 64)
}

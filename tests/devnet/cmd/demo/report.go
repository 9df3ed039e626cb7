package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// report is the demo's output for programs.
type report struct {
	ChainID    string            `json:"chain_id"`
	Height     int64             `json:"height"`
	Jobs       []jobReport       `json:"jobs"`
	Slashed    []slashReport     `json:"slashed"`
	Governance governanceReport  `json:"governance"`
	Supply     supplyReport      `json:"supply"`
	Invariants map[string]string `json:"invariants"`
}

// jobReport is one job. Replicas are the nodes that were assigned and had to show a result,
// over all rounds; agreeing are those with the accepted result. Paid is what each node earned
// before the fee split: its reward, and its share of slashed bonds. Guarantee says what supports
// the accepted result. Backend is what executes the profile on each of those nodes, as the nodes
// report it.
type jobReport struct {
	ID        string            `json:"id"`
	Profile   string            `json:"profile"`
	Policy    string            `json:"policy"`
	Status    string            `json:"status"`
	Guarantee string            `json:"guarantee"`
	Tag       string            `json:"tag"`
	Replicas  int               `json:"replicas"`
	Agreeing  int               `json:"agreeing"`
	Backend   map[string]string `json:"backend"`
	Paid      map[string]string `json:"paid"`
	Refund    string            `json:"refund"`
	Seconds   float64           `json:"seconds"`
}

// slashReport is one node that lost bond over a job. Lie is what the node says that it did, and is
// empty for an honest one.
type slashReport struct {
	Job      string `json:"job"`
	Operator string `json:"operator"`
	Amount   string `json:"amount"`
	Reason   string `json:"reason"`
	Lie      string `json:"lie"`
}

func reportJob(run *devnet.Run, found engines) jobReport {
	s := run.Settlement
	r := jobReport{
		ID:      s.Job.Id,
		Profile: s.Job.Executor,
		Policy:  policyName(s.Job.Policy),
		Status:  client.StatusName(s.Job.Status),
		Backend: make(map[string]string),
		Paid:    make(map[string]string),
		Refund:  s.Refund().String(),
		Seconds: float64(run.Took.Milliseconds()) / 1000,
	}
	if s.Receipt == nil {
		return r
	}
	r.Guarantee = client.GuaranteeName(s.Receipt.Guarantee)
	if len(s.Receipt.Tags) > 0 {
		r.Tag = hex.EncodeToString(s.Receipt.Tags[0])
	}
	for _, o := range s.Receipt.Outcomes {
		if !held(o.Status) {
			continue
		}
		r.Replicas++
		r.Backend[o.Operator] = found[o.Operator][r.Profile]
		if agrees(o, s.Receipt.Tags) {
			r.Agreeing++
		}
		earned := sdk.NewCoins(
			sdk.Coin{Denom: s.Job.Reward.Denom, Amount: o.Paid}).Add(
			sdk.Coin{Denom: params.BaseDenom, Amount: o.Share})
		if !earned.IsZero() {
			r.Paid[o.Operator] = earned.String()
		}
	}
	return r
}

// held reports whether a node had to show a result. Nodes that gave the task back, yielded it or
// missed its deadline were replaced.
func held(status computetypes.AssignmentStatus) bool {
	return status != computetypes.ASSIGNMENT_STATUS_RELEASED && status != computetypes.ASSIGNMENT_STATUS_MISSED &&
		status != computetypes.ASSIGNMENT_STATUS_YIELDED
}

func agrees(o computetypes.Outcome, tags [][]byte) bool {
	return len(o.Tag) > 0 && int(o.Round) < len(tags) && bytes.Equal(o.Tag, tags[o.Round])
}

func policyName(policy computetypes.Policy) string {
	return "QUORUM(" + math.NewIntFromUint64(uint64(policy.Replicas)).String() + ")"
}

// reportSlashes lists the nodes that lost bond over a job. lieOf returns the lie that a node has told
// about the job in a round.
func reportSlashes(run *devnet.Run, lieOf func(operator string, round uint32) (devnet.Lie, error)) ([]slashReport, error) {
	var slashes []slashReport
	if run.Settlement.Receipt == nil {
		return nil, nil
	}
	for _, o := range run.Settlement.Receipt.Outcomes {
		if !o.Slashed.IsPositive() {
			continue
		}
		lie, err := lieOf(o.Operator, o.Round)
		if err != nil {
			return nil, err
		}
		slashes = append(slashes, slashReport{
			Job:      run.Settlement.Job.Id,
			Operator: o.Operator,
			Amount:   sdk.Coin{Denom: params.BaseDenom, Amount: o.Slashed}.String(),
			Reason:   reason(o.Status),
			Lie:      string(lie),
		})
	}
	return slashes, nil
}

func reason(status computetypes.AssignmentStatus) string {
	switch status {
	case computetypes.ASSIGNMENT_STATUS_SLASHED:
		return "wrong_result"
	case computetypes.ASSIGNMENT_STATUS_NO_REVEAL:
		return "no_reveal"
	case computetypes.ASSIGNMENT_STATUS_MISSED:
		return "missed_deadline"
	default:
		return client.VerdictName(status)
	}
}

func (r report) write(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // nothing secret
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644) //nolint:gosec // nothing secret
}

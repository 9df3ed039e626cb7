package client

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// remarksRead bounds the drops that are read in search of remarks, because every
	// account that knows the address of a box can fill it.
	remarksRead = 24
	// failedRemarks bounds the tasks of an array that ended without a result and whose
	// remarks are looked for.
	failedRemarks = 5
)

// Remark is a node's explanation of how a program ended. It is not verified, and every
// account that knows the address of the box could have written it in the node's name.
type Remark struct {
	// Task of the job.
	Task uint64
	// Node is the operator in whose name the remark was written.
	Node string
	// Text is printable, at most 2 KiB, and can have several lines.
	Text string
}

// Remarks returns the remarks in the box of a task in the names of nodes that took part in
// it. Remarks only help a person, so unreadable ones are left out.
func (c *Client) Remarks(ctx context.Context, state *State, receipt *computetypes.Receipt) []Remark {
	relay, err := taskRelay(state, receipt.Task)
	if err != nil {
		return nil
	}
	drops, err := relay.ListDrops(ctx, state.Token)
	if err != nil {
		return nil
	}
	return remarksIn(ctx, relay, state.Token, drops, receipt)
}

// remarksIn reads small drops in search of remarks.
func remarksIn(ctx context.Context, relay *transfer.Client, token blob.Token, drops []blob.Drop, receipt *computetypes.Receipt) []Remark {
	took := map[string]bool{}
	for _, outcome := range receipt.Outcomes {
		took[outcome.Operator] = true
	}
	type author struct {
		node string
		task uint64
	}
	wrote := map[author]bool{} // one remark each
	var remarks []Remark
	read := 0
	for _, drop := range drops {
		if drop.Size > blob.MaxRemarkBytes || read == remarksRead {
			continue
		}
		read++
		var content bytes.Buffer
		if _, err := relay.GetDrop(ctx, token, drop.Digest, blob.MaxRemarkBytes, &content); err != nil {
			if ctx.Err() != nil || transfer.Retryable(err) {
				return remarks
			}
			continue
		}
		said, ok := blob.DecodeRemark(content.Bytes())
		if !ok || said.JobID != receipt.JobId || !receipt.Covers(said.Task) || !took[said.Node] || wrote[author{said.Node, said.Task}] || said.Text == "" {
			continue
		}
		wrote[author{said.Node, said.Task}] = true
		remarks = append(remarks, Remark{Task: said.Task, Node: said.Node, Text: said.Text})
	}
	slices.SortFunc(remarks, func(x, y Remark) int { return cmp.Or(cmp.Compare(x.Task, y.Task), cmp.Compare(x.Node, y.Node)) })
	return remarks
}

package client

import (
	"context"
	"fmt"

	"github.com/thetaedge/theta/client/grpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// quietLooks is the number of looks at a job without a change after which the client asks
// the chain what the job waits for: some ten seconds, or half a dozen blocks.
const quietLooks = 25

// quiet notices that a job does not change, and asks why.
type quiet struct {
	client *Client
	jobID  string
	line   string
	looks  int
	why    string
}

// explained adds to the progress what the job waits for, when it has not changed for a
// while and waits for nodes. task says which of its tasks to ask about.
func (q *quiet) explained(ctx context.Context, p Progress, task func() uint64) Progress {
	if line := p.String(); line != q.line {
		q.line, q.looks, q.why = line, 0, ""
	}
	q.looks++
	if q.looks%quietLooks == 0 && p.waitsForNodes() {
		if why := q.client.why(ctx, q.jobID, task()); why != "" {
			q.why = why
		}
	}
	p.Why = q.why
	return p
}

// waitsForNodes reports whether the job can continue only when nodes have come.
func (p Progress) waitsForNodes() bool {
	return p.Stage == StageSeed || p.Stage == StageDraw || p.Stage == StageArray && p.ChunksWaiting > 0
}

// why says what a task waits for; "" if the chain does not tell.
func (c *Client) why(ctx context.Context, jobID string, task uint64) string {
	answer, err := c.compute.Explain(ctx, &computetypes.QueryExplainRequest{JobId: jobID, Task: task})
	if err != nil || answer.Waiting.Summary == "" {
		return ""
	}
	why := grpcnode.PlainText(answer.Waiting.Summary)
	if fit := answer.Fit; fit != nil && (fit.Visited > 0 || fit.Live > 0) {
		why += fmt.Sprintf("; it fits %d of %d live nodes", fit.Fitting, fit.Live)
		if fit.Cut {
			why += fmt.Sprintf(" among the first %d of the chain", fit.Visited)
		}
		if len(fit.Exclusions) > 0 {
			why += ": " + DescribeExclusions(*fit)
		}
		if fit.Busy > 0 {
			why += fmt.Sprintf("; %d of them are busy", fit.Busy)
		}
	}
	return why
}

package grpcnode

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
)

// Watch examines the endpoints again and again until ctx ends, and decides which one is used.
func (e *Endpoints) Watch(ctx context.Context) {
	ticker := time.NewTicker(e.options.ProbePause)
	defer ticker.Stop()
	for {
		e.Examine(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Examine asks each endpoint once, at the same time, for its chain, its newest block and whether it
// catches up, and decides which one is used.
func (e *Endpoints) Examine(ctx context.Context) {
	found := make([]examined, len(e.list))
	var group sync.WaitGroup
	for i, p := range e.list {
		group.Go(func() { found[i] = e.examine(ctx, p) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, p := range e.list {
		e.take(p, found[i])
	}
	e.compare()
	e.choose()
}

// examined is what an endpoint has answered to an examination.
type examined struct {
	chainID string
	tip     Tip
	syncing bool
	took    time.Duration
	at      time.Time
	err     error
}

// examine asks one endpoint.
func (e *Endpoints) examine(ctx context.Context, p *endpoint) (x examined) {
	ctx, cancel := context.WithTimeout(ctx, e.options.Attempt)
	defer cancel()
	began := e.options.Now()
	defer func() {
		x.at = e.options.Now()
		x.took = x.at.Sub(began)
	}()
	if x.chainID, x.err = chainIDOf(ctx, p.conn); x.err != nil {
		return x
	}
	if x.tip, x.err = ReadTip(ctx, p.conn); x.err != nil {
		return x
	}
	// An old node may not know this query.
	if res, err := cmtservice.NewServiceClient(p.conn).GetSyncing(ctx, &cmtservice.GetSyncingRequest{}); err == nil {
		x.syncing = res.Syncing
	}
	return x
}

func chainIDOf(ctx context.Context, conn Connection) (string, error) {
	res, err := cmtservice.NewServiceClient(conn).GetNodeInfo(ctx, &cmtservice.GetNodeInfoRequest{})
	switch {
	case err != nil:
		return "", Explain(ctx, "chain id", err)
	case res.DefaultNodeInfo == nil || res.DefaultNodeInfo.Network == "":
		return "", errors.New("chain id: expected the node to name its network, found nothing")
	}
	return res.DefaultNodeInfo.Network, nil
}

// take notes what an endpoint has answered.
func (e *Endpoints) take(p *endpoint, x examined) {
	if x.err == nil {
		p.chainID, p.seen = x.chainID, x.at
		if x.tip.Height > p.tip.Height || p.advanced.IsZero() {
			p.advanced = x.at
		}
		p.tip = x.tip
	}
	switch {
	case errors.Is(x.err, context.DeadlineExceeded):
		e.suffers(p, trouble{slow, fmt.Sprintf("it gave no answer within %s", x.took.Round(100*time.Millisecond))})
	case x.err != nil && IsUnreachable(x.err):
		e.suffers(p, troubleOf(x.err, x.took))
	case x.err != nil:
		e.suffers(p, trouble{silent, fmt.Sprintf("it gives no usable answer: %.200s", Plain(x.err))})
	case e.chainID != "" && x.chainID != e.chainID:
		e.suffers(p, trouble{foreign, fmt.Sprintf("it belongs to chain %.60q, not to %s", x.chainID, e.chainID)})
	case x.syncing:
		e.suffers(p, trouble{syncing, fmt.Sprintf("it catches up with its chain, at block %d", x.tip.Height)})
	case p.trouble.kind != behind:
		e.suffers(p, trouble{})
	}
}

// compare finds endpoints that are far behind another one that answers and is believed.
func (e *Endpoints) compare() {
	var best *endpoint
	for _, p := range e.list {
		if (p.trouble.kind == fine || p.trouble.kind == behind) && !e.distrusted(p) && (best == nil || p.tip.Height > best.tip.Height) {
			best = p
		}
	}
	for _, p := range e.list {
		if p.trouble.kind != fine && p.trouble.kind != behind {
			p.lags = 0
			continue
		}
		goesOn := e.options.Unproven && e.options.Now().Sub(p.advanced) < stillAfter
		if best == nil || goesOn || p.tip.Height+farBehind >= best.tip.Height {
			p.lags = 0
			e.suffers(p, trouble{})
			continue
		}
		if p.lags++; p.lags >= lagLooks {
			e.suffers(p, trouble{behind, fmt.Sprintf("its newest block is %d, and %s has block %d", p.tip.Height, best.address, best.tip.Height)})
		}
	}
}

// errChains means that the endpoints belong to several chains.
var errChains = errors.New("the endpoints belong to different chains; set chain.id to the one that is meant")

// ChainID returns the id of the chain to which the endpoints belong: want, or if that is empty, the
// id that all endpoints name that answer. Endpoints of other chains are not used from then on.
func (e *Endpoints) ChainID(ctx context.Context, want string) (string, error) {
	e.mu.Lock()
	want = cmp.Or(want, e.chainID)
	e.mu.Unlock()
	found := make([]examined, len(e.list))
	var group sync.WaitGroup
	for i, p := range e.list {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, e.options.Attempt)
			defer cancel()
			began := e.options.Now()
			found[i].chainID, found[i].err = chainIDOf(ctx, p.conn)
			found[i].took = e.options.Now().Sub(began)
		})
	}
	group.Wait()
	id, err := e.agreeOn(found, want)
	if err != nil {
		return id, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chainID = id
	for i, p := range e.list {
		switch x := found[i]; {
		case x.err == nil && x.chainID != id:
			e.suffers(p, trouble{foreign, fmt.Sprintf("it belongs to chain %.60q, not to %s", x.chainID, id)})
		case x.err != nil:
			e.suffers(p, troubleOf(x.err, x.took))
		}
	}
	e.choose()
	return id, nil
}

// agreeOn returns the chain that the answers of endpoints name.
func (e *Endpoints) agreeOn(found []examined, want string) (string, error) {
	id, from := "", 0
	var failed error
	for i, x := range found {
		switch {
		case x.err != nil && failed == nil:
			failed = fmt.Errorf("%s: %w", e.list[i].address, x.err)
		case x.err != nil:
		case want != "" && x.chainID == want:
			return want, nil
		case id == "":
			id, from = x.chainID, i
		case x.chainID != id && want == "":
			return "", fmt.Errorf("%w: %s is of %.60q, and %s is of %.60q", errChains, e.list[from].address, id, e.list[i].address, x.chainID)
		}
	}
	switch {
	case id == "":
		return "", failed
	case want != "":
		return id, fmt.Errorf("expected chain %s, found %s at %s; correct chain.id or chain.grpc", want, id, e.list[from].address)
	}
	return id, nil
}

package overview

import (
	"strings"

	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// statusOf returns the name of a status for people, such as "active".
func statusOf(status edgenodetypes.NodeStatus) string {
	return strings.ToLower(strings.TrimPrefix(status.String(), "NODE_STATUS_"))
}

// grantOf returns a fee grant, with the amount in one denom.
func grantOf(grant chain.Grant, denom string) *Grant {
	out := &Grant{}
	if grant.Expiry != nil {
		out.Expires = grant.Expiry.UTC()
	}
	if grant.Left == nil {
		return out
	}
	out.Left = "0"
	if found, coin := grant.Left.Find(denom); found {
		out.Left = coin.Amount.String()
	}
	return out
}

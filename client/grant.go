package client

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/jobfile"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// PriceByGrant sets the reward of a job that names a grant and leaves the reward out: the
// grant's price for the fuel that a replica may use. Other jobs stay as they are.
func (c *Client) PriceByGrant(ctx context.Context, job *jobfile.Job) error {
	if job.Grant == 0 || !job.Reward.Missing() {
		return nil
	}
	found, err := c.rewards.Grant(ctx, &rewardstypes.QueryGrantRequest{Id: uint64(job.Grant)})
	if err != nil {
		return fmt.Errorf("grant %d: %w", job.Grant, plain(err))
	}
	grant := &found.Grant
	if err := grant.Validate(); err != nil {
		return fmt.Errorf("grant %d: %w; use another node", job.Grant, err)
	}
	price, pays := grant.Price(job.Class)
	if !pays {
		return fmt.Errorf("grant %d: expected one of the classes that it pays for, found %s; see thetad query rewards grant %d", job.Grant, job.Class, job.Grant)
	}
	job.Reward.Coin = sdk.NewCoin(grant.Denom, computetypes.FuelPay(price, math.NewIntFromUint64(uint64(job.Resources.Fuel))))
	return nil
}

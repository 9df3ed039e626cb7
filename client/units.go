package client

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/client/money"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// maxExponent is the largest power of ten of a unit that is believed.
const maxExponent = 30

// Units returns the units in which people write amounts of the denoms in which jobs can pay:
// those that governance has listed with the denom or, without one, that of the bank's metadata.
// Units of other denoms are not asked for, because jobs cannot pay in them.
func (c *Client) Units(ctx context.Context) (money.Units, error) {
	found, err := c.compute.Params(ctx, &computetypes.QueryParamsRequest{})
	if err != nil {
		return nil, fmt.Errorf("payment denoms: %w", plain(err))
	}
	if err := found.Params.Validate(); err != nil {
		return nil, fmt.Errorf("payment denoms: %w; use another node", err)
	}
	var units money.Units
	var unnamed []string
	for _, d := range found.Params.Denoms {
		switch {
		case d.Denom == params.BaseDenom:
		case d.Display != "":
			units = units.With(money.Unit{Denom: d.Denom, Display: d.Display, Exponent: int(d.Exponent)})
		default:
			unnamed = append(unnamed, d.Denom)
		}
	}
	for _, denom := range unnamed {
		unit, known, err := c.describedUnit(ctx, denom)
		if err != nil {
			return nil, err
		}
		_, listed := found.Params.PaymentDenom(unit.Display)
		if known && !listed { // a denom of that name means itself
			units = units.With(unit)
		}
	}
	return units, nil
}

// describedUnit returns the unit that the bank's metadata display a denom in, and whether there is
// one.
func (c *Client) describedUnit(ctx context.Context, denom string) (money.Unit, bool, error) {
	answer, err := c.bank.DenomMetadataByQueryString(ctx, &banktypes.QueryDenomMetadataByQueryStringRequest{Denom: denom})
	if code := status.Code(err); code == codes.NotFound || code == codes.Unimplemented {
		return money.Unit{}, false, nil
	}
	if err != nil {
		return money.Unit{}, false, fmt.Errorf("unit of %s: %w", denom, plain(err))
	}
	data := answer.Metadata
	at := slices.IndexFunc(data.DenomUnits, func(u *banktypes.DenomUnit) bool { return u != nil && u.Denom == data.Display })
	if data.Base != denom || data.Display == denom || at < 0 || data.DenomUnits[at].Exponent > maxExponent {
		return money.Unit{}, false, nil
	}
	return money.Unit{Denom: denom, Display: data.Display, Exponent: int(data.DenomUnits[at].Exponent)}, true, nil
}

// ReadReward reads the reward of a job file in the units of the chain, and returns these. The
// client asks only if the reward is not in tfuel or atfuel.
func (c *Client) ReadReward(ctx context.Context, job *jobfile.Job) (money.Units, error) {
	if job.Reward.Text == "" || job.Reward.Denom == params.BaseDenom {
		return nil, nil
	}
	units, err := c.Units(ctx)
	if err != nil {
		return nil, err
	}
	return units, job.Reward.Read(units)
}

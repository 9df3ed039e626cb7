package why

import (
	"strings"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/bid"
)

func findGrantMissing(f *Facts) (Finding, bool) {
	grant, known := f.Grant.Get()
	if !known || f.registered() == nil {
		return none()
	}
	fee, priced := f.TaskFee.Get()
	switch {
	case grant.None:
		return says(GrantMissing, bid.RenewGrant, "The worker key has no fee grant of its operator, so it cannot pay for transactions.").
			with("worker %s", f.Settings.Worker), true
	case len(grant.Missing) > 0:
		return says(GrantMissing, bid.RenewGrant, "The fee grant does not pay for all messages of a worker.").
			with("it does not pay for %s", strings.Join(grant.Missing, ", ")), true
	case grant.Expiry != nil && !f.Now.IsZero() && !grant.Expiry.After(f.Now):
		return says(GrantMissing, bid.RenewGrant, "The fee grant ended at %s.", grant.Expiry.UTC().Format(time.RFC3339)), true
	case grant.Left != nil && priced && fee.IsValid() && whole(grant.Left.AmountOf(fee.Denom)).LT(fee.Amount):
		left := sdk.Coin{Denom: fee.Denom, Amount: whole(grant.Left.AmountOf(fee.Denom))}
		return says(GrantMissing, bid.RenewGrant, "The fee grant is used up: %s is left, and one task may need %s.", money.FormatAmount(left), money.FormatAmount(fee)), true
	case grant.Left != nil && grant.Left.IsZero():
		return says(GrantMissing, bid.RenewGrant, "The fee grant is used up."), true
	}
	return none()
}

func findGasTooDear(f *Facts) (Finding, bool) {
	price, known := f.GasPrice.Get()
	most := f.Settings.GasPrice
	if !known || most.Denom == "" || most.Denom != price.Denom || whole(price.Amount).LTE(whole(most.Amount)) {
		return none()
	}
	return says(GasTooDear, "raise fees.max-gas-price in config.toml and restart the daemon, or wait until blocks are less full",
		"A unit of gas costs %s in the next block, and fees.max-gas-price is %s, so the node claims nothing.", price, most), true
}

func findDaySpent(f *Facts) (Finding, bool) {
	today, known := f.FeesToday.Get()
	fee, priced := f.TaskFee.Get()
	if !known || !priced || !today.Limited || !fee.IsValid() || whole(today.Left).GTE(fee.Amount) {
		return none()
	}
	left := sdk.Coin{Denom: fee.Denom, Amount: whole(today.Left)}
	finding := says(DaySpent, "raise fees.max-day in config.toml and restart the daemon, or wait for midnight in UTC",
		"The fees that fees.max-day allows for today are spent: %s is left, and one task may need %s.", money.FormatAmount(left), money.FormatAmount(fee))
	if !f.Now.IsZero() {
		midnight := f.Now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		finding = finding.with("the day ends in %s", shown(midnight.Sub(f.Now)))
	}
	return finding, true
}

package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
)

// hashBytes is the length of a header's hash.
const hashBytes = 32

// validate reports settings about trust that cannot work.
func (c Chain) validate() error {
	errs := c.checkEndpoints()
	switch c.Verify {
	case "proof", "none":
	case "agreement":
		if len(c.Witnesses) == 0 {
			errs = append(errs, errors.New("chain.witnesses: expected the endpoint of another node or more, which chain.verify = \"agreement\" needs, found none"))
		}
	default:
		errs = append(errs, fmt.Errorf("chain.verify: expected \"proof\", \"agreement\" or \"none\", found %q", c.Verify))
	}
	if _, err := c.Trust(); err != nil {
		errs = append(errs, err)
	}
	if c.TrustPeriod < time.Hour {
		errs = append(errs, fmt.Errorf("chain.trust-period: expected 1h or more, and less than the chain's unbonding, found %s", c.TrustPeriod))
	}
	return errors.Join(errs...)
}

// Endpoints returns the gRPC endpoints of the nodes that are asked, in order of preference.
func (c Chain) Endpoints() []string { return append([]string{c.GRPC}, c.Others...) }

// checkEndpoints finds endpoints that are empty or named twice. One node cannot stand in for
// itself, nor be a witness for itself.
func (c Chain) checkEndpoints() []error {
	var errs []error
	seen := map[string]bool{bare(c.GRPC): true}
	for _, endpoint := range c.Others {
		switch at := bare(endpoint); {
		case at == "":
			errs = append(errs, errors.New("chain.others: expected the endpoints of further nodes, found an empty one"))
		case seen[at]:
			errs = append(errs, fmt.Errorf("chain.others: expected nodes other than chain.grpc, each once, found %q again", endpoint))
		default:
			seen[at] = true
		}
	}
	if c.Verify != "agreement" {
		return errs
	}
	for _, endpoint := range c.Witnesses {
		if seen[bare(endpoint)] {
			errs = append(errs, fmt.Errorf("chain.witnesses: expected nodes other than those of chain.grpc and chain.others, because chain.verify = \"agreement\" compares different nodes, found %q", endpoint))
		}
	}
	return errs
}

// bare returns an endpoint without its scheme, so that two ways to write one address are equal.
func bare(endpoint string) string {
	if _, rest, found := strings.Cut(endpoint, "://"); found {
		endpoint = rest
	}
	return strings.TrimRight(endpoint, "/")
}

// Trust returns the hash of the header that the owner trusts. It returns nil if the owner has
// not named a header.
func (c Chain) Trust() ([]byte, error) {
	if c.TrustHeight == 0 && c.TrustHash == "" {
		return nil, nil
	}
	hash, err := hex.DecodeString(c.TrustHash)
	if err != nil || len(hash) != hashBytes || c.TrustHeight < 1 {
		return nil, fmt.Errorf("chain.trust-height, chain.trust-hash: expected a height above 0 and the hash of its header in 64 hex digits, found %d and %q; leave both out to trust the first header that is shown", c.TrustHeight, c.TrustHash)
	}
	return hash, nil
}

// validate reports settings that are not valid amounts.
func (f Fees) validate() error {
	_, _, _, err := f.Caps()
	if math.IsNaN(f.DutyPercent) || f.DutyPercent < 0 || f.DutyPercent > 100 {
		err = errors.Join(err, fmt.Errorf("fees.duty-percent: expected 0 to 100, found %v", f.DutyPercent))
	}
	if math.IsNaN(f.UrgentPercent) || f.UrgentPercent < 0 || f.UrgentPercent > 100 {
		err = errors.Join(err, fmt.Errorf("fees.urgent-percent: expected 0 to 100, found %v", f.UrgentPercent))
	}
	return err
}

// DutyBps returns DutyPercent in basis points, rounded.
func (f Fees) DutyBps() uint32 { return uint32(math.Round(f.DutyPercent * 100)) }

// UrgentBps returns UrgentPercent in basis points, rounded.
func (f Fees) UrgentBps() uint32 { return uint32(math.Round(f.UrgentPercent * 100)) }

// Caps returns the limits as amounts. A limit that is not set has an empty denom.
func (f Fees) Caps() (gasPrice, tx, day sdk.Coin, err error) {
	read := func(key, text string, needed bool) (coin sdk.Coin, err error) {
		if text == "" && !needed {
			return sdk.Coin{}, nil
		}
		if coin, err = money.ParseAmount(text); err != nil {
			return coin, fmt.Errorf("%s: %w", key, err)
		}
		return coin, nil
	}
	gasPrice, err1 := read("fees.max-gas-price", f.MaxGasPrice, true)
	tx, err2 := read("fees.max-tx", f.MaxTx, false)
	day, err3 := read("fees.max-day", f.MaxDay, false)
	err = errors.Join(err1, err2, err3)
	if err != nil {
		return gasPrice, tx, day, err
	}
	for _, c := range []struct {
		key  string
		coin sdk.Coin
	}{{"fees.max-tx", tx}, {"fees.max-day", day}} {
		if c.coin.Denom != "" && c.coin.Denom != gasPrice.Denom {
			err = errors.Join(err, fmt.Errorf("%s: expected an amount in %s as fees.max-gas-price is, found %s", c.key, gasPrice.Denom, c.coin))
		}
	}
	return gasPrice, tx, day, err
}

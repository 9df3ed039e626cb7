package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/sidecar/carbon"
)

// Dashboard says where the daemon shows itself to a browser on this machine, and how.
type Dashboard struct {
	// Listen is a loopback address with a port. If it is empty, there is no dashboard.
	Listen string `mapstructure:"listen"`
	// Language is "auto" for the browser's, or one of Languages.
	Language string `mapstructure:"language"`
	// Electricity is the price of a kilowatt-hour, such as "0.32 EUR", and CoinValue the worth of
	// one tfuel in the same currency. They may be empty, which means that they are not known.
	Electricity string `mapstructure:"electricity"`
	CoinValue   string `mapstructure:"coin-value"`
	// Carbon is the code of a country, such as "de", or grams of CO2 equivalents per kilowatt-hour, such as
	// "380 g/kWh". It may be empty, which means that it is not known.
	Carbon string `mapstructure:"carbon"`
}

// AutoLanguage is the setting that follows the browser.
const AutoLanguage = "auto"

// Languages returns the languages of the dashboard, the default one first.
func Languages() []string { return []string{"en", "de"} }

// Price is an amount of a currency that the chain does not know.
type Price struct {
	// Micros is the amount in millionths of the currency.
	Micros   uint64
	Currency string
}

// Given reports whether there is a price.
func (p Price) Given() bool { return p.Currency != "" }

// priceShape is a decimal number below a million million, and the letters of a currency.
var priceShape = regexp.MustCompile(`^([0-9]{1,9})(?:\.([0-9]{1,6}))? *([A-Za-z]{2,8})$`)

// ParsePrice reads a price such as "0.32 EUR". The empty text is no price.
func ParsePrice(text string) (Price, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Price{}, nil
	}
	parts := priceShape.FindStringSubmatch(text)
	if parts == nil {
		return Price{}, fmt.Errorf("expected a price such as \"0.32 EUR\", with at most 9 digits before the point and 6 after it, found %q", text)
	}
	micros, err := strconv.ParseUint(parts[1]+parts[2]+strings.Repeat("0", 6-len(parts[2])), 10, 64)
	if err != nil {
		return Price{}, fmt.Errorf("expected a price such as \"0.32 EUR\", found %q: %w", text, err)
	}
	return Price{Micros: micros, Currency: strings.ToUpper(parts[3])}, nil
}

// Prices returns the price of a kilowatt-hour and the worth of one tfuel.
func (d Dashboard) Prices() (electricity, coin Price, err error) {
	electricity, err1 := ParsePrice(d.Electricity)
	if err1 != nil {
		err1 = fmt.Errorf("dashboard.electricity: %w", err1)
	}
	coin, err2 := ParsePrice(d.CoinValue)
	if err2 != nil {
		err2 = fmt.Errorf("dashboard.coin-value: %w", err2)
	}
	if err = errors.Join(err1, err2); err == nil && electricity.Given() && coin.Given() && electricity.Currency != coin.Currency {
		err = fmt.Errorf("dashboard.coin-value: expected an amount in %s as dashboard.electricity is, found %s", electricity.Currency, coin.Currency)
	}
	return electricity, coin, err
}

// CarbonFactor returns what a kilowatt-hour emits.
func (d Dashboard) CarbonFactor() (carbon.Factor, error) {
	factor, err := carbon.Parse(d.Carbon)
	if err != nil {
		err = fmt.Errorf("dashboard.carbon: %w", err)
	}
	return factor, err
}

// validate reports settings with which the dashboard cannot work, or would be open to others.
func (d Dashboard) validate() error {
	var errs []error
	if d.Listen != "" && !loopback(d.Listen) {
		errs = append(errs, fmt.Errorf("dashboard.listen: expected an address of this machine only, such as 127.0.0.1:9772 or [::1]:9772, or \"\" for no dashboard, found %q; to see it from elsewhere, use a tunnel such as ssh -L 9772:127.0.0.1:9772", d.Listen))
	}
	if d.Language != AutoLanguage && !slices.Contains(Languages(), d.Language) {
		errs = append(errs, fmt.Errorf("dashboard.language: expected %q or one of %s, found %q", AutoLanguage, strings.Join(Languages(), ", "), d.Language))
	}
	_, _, err := d.Prices()
	_, carbonErr := d.CarbonFactor()
	return errors.Join(append(errs, err, carbonErr)...)
}

// loopback reports whether an address to listen on is reachable from this machine only. It takes
// no names but localhost, because another name may resolve to anything.
func loopback(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(number, 10) != port {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Package carbon estimates the greenhouse gases of electricity. It ships a table of yearly averages of
// countries; an owner may set another figure instead.
package carbon

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// factors contains grams of CO2 equivalents per kilowatt-hour of electricity generated in a country, over the life
// cycle of its power stations, averaged over a year. The figures are of Ember, Yearly Electricity Data
// (CC BY 4.0), as processed by Our World in Data under "Carbon intensity of electricity generation".
//
//go:embed factors.csv
var factors string

// mostGrams is the largest figure that is accepted, in grams per kilowatt-hour. Power stations that burn lignite
// emit less.
const mostGrams = 5_000

// Factor is how much greenhouse gas a kilowatt-hour stands for.
type Factor struct {
	// Grams of CO2 equivalents per kilowatt-hour.
	Grams uint64
	// Region is the code of a country in the table, Name its name, Year the year of the average, and Source who
	// has published it. They are empty if the owner has set the figure.
	Region, Name string
	Year         int
	Source       string
	given        bool
}

// Given reports whether there is a factor.
func (f Factor) Given() bool { return f.given }

// String describes the factor in English.
func (f Factor) String() string {
	switch {
	case !f.given:
		return ""
	case f.Region == "":
		return fmt.Sprintf("%d g/kWh, set by the owner", f.Grams)
	}
	return fmt.Sprintf("%d g/kWh, the average of %s in %d (%s)", f.Grams, f.Name, f.Year, f.Source)
}

// Milligrams returns the estimate for an energy in millijoules, in milligrams of CO2 equivalents, rounded up.
func (f Factor) Milligrams(millijoules uint64) *big.Int {
	// A kilowatt-hour is 3.6 million joules.
	const perKWh = 3_600_000_000
	out := new(big.Int).Mul(new(big.Int).SetUint64(millijoules), new(big.Int).SetUint64(f.Grams*1000))
	out.Add(out, big.NewInt(perKWh-1))
	return out.Quo(out, big.NewInt(perKWh))
}

// Text formats milligrams for people.
func Text(milligrams *big.Int) string {
	const gram, kilogram = 1_000, 1_000_000
	value, _ := new(big.Float).SetInt(milligrams).Float64()
	switch {
	case milligrams.Cmp(big.NewInt(10*gram)) < 0:
		return fmt.Sprintf("%.3f g", value/gram)
	case milligrams.Cmp(big.NewInt(kilogram)) < 0:
		return fmt.Sprintf("%.1f g", value/gram)
	}
	return fmt.Sprintf("%.2f kg", value/kilogram)
}

// ownShape is a whole number of grams per kilowatt-hour.
var ownShape = regexp.MustCompile(`^(0|[1-9][0-9]{0,8}) *g/kWh$`)

// Parse reads a setting: the code of a country such as "de", or a figure such as "380 g/kWh". The empty text is no
// factor.
func Parse(text string) (Factor, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Factor{}, nil
	}
	if own := ownShape.FindStringSubmatch(text); own != nil {
		grams, err := strconv.ParseUint(own[1], 10, 64)
		if err != nil || grams > mostGrams {
			return Factor{}, fmt.Errorf("expected 0 to %d g/kWh, found %q", mostGrams, text)
		}
		return Factor{Grams: grams, given: true}, nil
	}
	table, err := Table()
	if err != nil {
		return Factor{}, err
	}
	code, _, _ := strings.Cut(strings.ToLower(text), "-") // a part of a country has the average of the country
	at := slices.IndexFunc(table, func(f Factor) bool { return f.Region == code })
	if at < 0 {
		return Factor{}, fmt.Errorf("expected the code of a country in the table, such as de, or a figure such as \"380 g/kWh\", found %q", text)
	}
	return table[at], nil
}

// Table returns the factors that ship, in the order of the codes.
func Table() ([]Factor, error) {
	rows, err := csv.NewReader(strings.NewReader(factors)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("table of carbon factors: %w", err)
	}
	table := make([]Factor, 0, len(rows)-1)
	for _, row := range rows[1:] {
		grams, err := strconv.ParseUint(row[2], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("table of carbon factors: %s: %w", row[0], err)
		}
		year, err := strconv.Atoi(row[3])
		if err != nil {
			return nil, fmt.Errorf("table of carbon factors: %s: %w", row[0], err)
		}
		table = append(table, Factor{Region: row[0], Name: row[1], Grams: grams, Year: year, Source: row[4], given: true})
	}
	return table, nil
}

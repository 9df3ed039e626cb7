package app_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
)

// parameter is a parameter, or a field of one, as the page names it: "jail.fault_window",
// "denoms[].haircut_bps".
type parameter struct {
	name string
	// amount reports whether the parameter is an amount of coins or a price, which the page may
	// state in tfuel.
	amount bool
	// defaults are the different values that a new chain has; several if the elements of a list
	// differ.
	defaults []string
}

// parametersOf returns the parameters of a message, and of the messages in it, in their order.
// values are messages of this type.
func parametersOf(prefix string, kind reflect.Type, values []reflect.Value) []parameter {
	var all []parameter
	for i := range kind.NumField() {
		field := kind.Field(i)
		name, inside := prefix+jsonName(field), make([]reflect.Value, 0, len(values))
		for _, v := range values {
			inside = append(inside, v.Field(i))
		}
		of := field.Type
		if of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct {
			var elements []reflect.Value
			for _, list := range inside {
				for j := range list.Len() {
					elements = append(elements, list.Index(j))
				}
			}
			name, inside, of = name+"[]", elements, of.Elem()
		}
		amount := of == reflect.TypeFor[math.Int]()
		if of.Kind() == reflect.Struct && !amount {
			all = append(all, parametersOf(name+".", of, inside)...)
			continue
		}
		p := parameter{name: name, amount: amount}
		for _, v := range inside {
			if text := plainValue(v); !slices.Contains(p.defaults, text) {
				p.defaults = append(p.defaults, text)
			}
		}
		all = append(all, p)
	}
	return all
}

// plainValue writes the value of a parameter without a unit, and the elements of a list with
// commas between them.
func plainValue(value reflect.Value) string {
	if value.Kind() != reflect.Slice {
		return fmt.Sprint(value.Interface())
	}
	var items []string
	for i := range value.Len() {
		items = append(items, fmt.Sprint(value.Index(i).Interface()))
	}
	return strings.Join(items, ", ")
}

// recommended reads the value at the start of a cell of the page, which a colon ends: numbers,
// percentages of the whole, amounts in tfuel, texts between backticks, lists of these, or "none".
func recommended(cell, name string, amount bool) (string, error) {
	value, _, _ := strings.Cut(cell, ": ")
	if value == "none" {
		return "", nil
	}
	var items []string
	for _, item := range strings.Split(value, ", ") {
		if text, isText := strings.CutPrefix(item, "`"); isText {
			items = append(items, strings.TrimSuffix(text, "`"))
			continue
		}
		number, err := inUnits(item, name, amount)
		if err != nil {
			return "", err
		}
		items = append(items, number)
	}
	return strings.Join(items, ", "), nil
}

// inUnits reads a number of the page and returns it in the unit of the parameter: 10^18 for a
// tfuel, and 100 basis points for each 1%.
func inUnits(item, name string, amount bool) (string, error) {
	found := regexp.MustCompile(`^(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(%| [a-z].*)?$`).FindStringSubmatch(item)
	if found == nil {
		return "", fmt.Errorf("expected a number such as 1,000 or 0.5 tfuel with a colon before any remark, found %q", item)
	}
	number, _ := new(big.Rat).SetString(strings.ReplaceAll(found[1], ",", "") + found[2])
	unit := strings.TrimSpace(found[3])
	switch share := strings.HasSuffix(name, "_bps"); {
	case share != (unit == "%"):
		return "", fmt.Errorf("expected percent for basis points and for nothing else, found %q", item)
	case share:
		number.Mul(number, big.NewRat(100, 1))
	case unit == params.DisplayDenom || strings.HasPrefix(unit, params.DisplayDenom+" "):
		if !amount {
			return "", fmt.Errorf("expected tfuel for amounts only, found %q", item)
		}
		number.Mul(number, new(big.Rat).SetInt(params.Tfuel(1).BigInt()))
	}
	if !number.IsInt() {
		return "", fmt.Errorf("expected a whole number of the parameter's unit, found %q", item)
	}
	return number.Num().String(), nil
}

// parameterRows returns the rows of the page about the parameters of each module, by the headings
// of their tables.
func parameterRows(t *testing.T) map[string][][]string {
	t.Helper()
	_, section, found := strings.Cut(economicsPage(t), "\n## Parameters\n")
	require.True(t, found, "docs/economics.md: expected a section Parameters")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string][][]string{}
	for _, part := range strings.Split(section, "\n### ")[1:] {
		heading, text, _ := strings.Cut(part, "\n")
		heading, _, _ = strings.Cut(heading, ":") // a module may have several tables
		all := rowsOf(text)
		require.NotEmpty(t, all, heading)
		require.Equal(t, []string{"parameter", "recommended", "too low hurts", "too high hurts"}, all[0], heading)
		rows[heading] = append(rows[heading], all[1:]...)
	}
	return rows
}

// checkRow checks that a row says for whom wrong values are bad, and that what it recommends is
// what a new chain has.
func checkRow(t *testing.T, where string, row []string, p parameter) {
	t.Helper()
	if !assert.Len(t, row, 4, where) {
		return
	}
	for _, hurt := range row[2:] {
		assert.Regexp(t, `\pL{3}`, hurt, "%s: expected the party that is hurt, or the reason why there is none", where)
	}
	if len(p.defaults) > 1 {
		assert.Regexp(t, `^per `, row[1], "%s: expected the row to say that the value differs from element to element", where)
		return
	}
	value, err := recommended(row[1], p.name, p.amount)
	if !assert.NoError(t, err, where) || !assert.NotEmpty(t, p.defaults, where) {
		return
	}
	if begin, abbreviated := strings.CutSuffix(value, "…"); abbreviated {
		assert.GreaterOrEqual(t, len(begin), 16, where)
		assert.True(t, strings.HasPrefix(p.defaults[0], begin), "%s: expected the beginning of %s, found %s", where, p.defaults[0], value)
		return
	}
	assert.Equal(t, p.defaults[0], value, "%s: expected the value of a new chain", where)
}

// A voter finds on the page, for each parameter of this chain's modules, the value that we
// recommend, which is that of a new chain, and the parties that other values hurt.
func TestThePageHasEveryParameterWithThePartyThatIsHurt(t *testing.T) {
	rows := parameterRows(t)
	for module, message := range everyParams() {
		value := reflect.ValueOf(message).Elem()
		known := map[string]parameter{}
		for _, p := range parametersOf("", value.Type(), []reflect.Value{value}) {
			known[p.name] = p
		}
		require.NotEmpty(t, rows["x/"+module], "expected a table for x/%s", module)
		for _, row := range rows["x/"+module] {
			where := "x/" + module + ": " + row[0]
			p, exists := known[strings.Trim(row[0], "`")]
			if assert.True(t, exists, "%s: expected a parameter that exists and that no other row is about", where) {
				checkRow(t, where, row, p)
				delete(known, p.name)
			}
		}
		assert.Empty(t, known, "x/%s: expected a row for each parameter", module)
	}
}

// The parameters of modules of the SDK that the page names exist, and have the recommended value on
// a new chain.
func TestTheParametersOfTheSdkOnThePageExist(t *testing.T) {
	genesis := newApp().DefaultGenesis()
	rows := parameterRows(t)["modules of the SDK"]
	require.NotEmpty(t, rows)
	for _, row := range rows {
		module, name, found := strings.Cut(strings.Trim(row[0], "`"), ".")
		require.True(t, found, row[0])
		var state struct {
			Params map[string]any `json:"params"`
		}
		require.NoError(t, json.Unmarshal(genesis[module], &state), module)
		value, exists := state.Params[name]
		if assert.True(t, exists, "%s: expected a parameter of a new chain", row[0]) {
			checkRow(t, row[0], row, sdkParameter(t, name, value))
		}
	}
}

// sdkParameter describes a parameter of the SDK as it is in a genesis file: a share of 1 becomes
// basis points.
func sdkParameter(t *testing.T, name string, value any) parameter {
	t.Helper()
	text := fmt.Sprint(value)
	if coins, isCoins := value.([]any); isCoins {
		require.Len(t, coins, 1, name)
		return parameter{name: name, amount: true, defaults: []string{fmt.Sprint(coins[0].(map[string]any)["amount"])}}
	}
	if share, err := math.LegacyNewDecFromStr(text); err == nil && strings.Contains(text, ".") {
		return parameter{name: name + "_bps", defaults: []string{share.MulInt64(10_000).TruncateInt().String()}}
	}
	return parameter{name: name, defaults: []string{text}}
}

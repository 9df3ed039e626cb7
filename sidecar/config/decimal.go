package config

import (
	"fmt"
	"reflect"
	"regexp"
)

// wholeNumber matches a decimal number without leading zeros.
var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// decimal refuses numbers in flags and in the environment that the decoder would read in a
// base other than 10: it reads 010 as eight. The settings file follows the rules of TOML.
func decimal(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to == reflect.TypeFor[Bytes]() {
		return value, nil
	}
	switch to.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if text := reflect.ValueOf(value).String(); !wholeNumber.MatchString(text) {
			return nil, fmt.Errorf("expected a whole number in decimal digits without leading zeros, found %q", text)
		}
	default:
	}
	return value, nil
}

// Package sample chooses tokens by the logits of a model. It uses integers only, so that the same
// logits, options and seed give the same tokens on every machine.
//
// A logit is a number of 32 bits with a stated number of places: it means itself divided by
// 2^places. A Sampler goes through these steps:
//
//  1. Penalty: the logit of each token that was seen is divided by it if it is above 0, and
//     multiplied by it otherwise, rounded towards zero.
//  2. Temperature 0 takes the largest logit, and of equal ones the lowest token. Otherwise the
//     weight of a token is 2^-(d·log2(e)/temperature) with 30 places, where d is what its logit is
//     below the largest one. The power comes from the table exp2 of the profile tensor/1, with
//     straight lines between its entries; weights that are 0 are left out.
//  3. TopK keeps the tokens of the largest logits, and of equal ones the lowest tokens.
//  4. TopP keeps, of the tokens in this order, the fewest whose weights sum up to at least that
//     part of all weights that are left, and at least one.
//  5. A number below the sum of the weights that are left, of SplitMix64, decides. Tokens are in
//     the order of TopP, or in order of their numbers if neither TopK nor TopP is set.
//
// Fractions are numbers of millionths.
package sample

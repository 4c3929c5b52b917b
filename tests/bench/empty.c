/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of start-up: linked like csc, does nothing. */
int main(void)
{
    return 0;
}

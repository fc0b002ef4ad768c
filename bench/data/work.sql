-- SPDX-License-Identifier: GPL-2.0-or-later
create table t(id integer primary key, k integer, name text);
insert into t with recursive n(i) as (select 1 union all select i + 1 from n where i < 45000)
  select i, (i * 7919) % 10007, printf('name-%05d', (i * 31) % 9973) from n;
create index t_k on t(k);
select count(*), sum(k) from t where k between 1000 and 5000;
select a.k, count(*), max(b.name) from t a join t b on b.k = a.k + 1 group by a.k % 97 order by 2, 1;
update t set k = k + 1 where id % 3 = 0;
select sum(length(name)), count(distinct name) from t where name like '%7%';
